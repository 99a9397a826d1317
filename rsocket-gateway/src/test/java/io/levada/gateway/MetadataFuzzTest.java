package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.Credentials;
import io.levada.protocol.Limits;
import io.levada.protocol.Message;
import io.levada.testgate.FuzzGate;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.metadata.AuthMetadataCodec;
import io.rsocket.metadata.CompositeMetadataCodec;
import io.rsocket.metadata.TaggingMetadataCodec;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.util.ByteBufPayload;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whatever bytes come as the metadata of a request, as what a peer presents, and as a message of a channel: they are refused
 * with the one code that is documented, or mean something that is encoded again to mean the same.
 */
class MetadataFuzzTest {
    private static final Limits LIMITS = Limits.DEFAULT;

    private final FuzzGate gate = new FuzzGate();

    @FuzzTest
    void what_is_understood_is_encoded_to_mean_the_same(byte[] input) {
        ByteBuf bytes = gate.allocator().buffer(input.length).writeBytes(input);
        try {
            for (Route.Interaction interaction : Route.Interaction.values()) {
                route(bytes, true, interaction);
                route(bytes, false, interaction);
            }
            credentials(bytes);
            message(bytes, input);
            assertEquals(input.length, bytes.readableBytes(), "what is looked at stays");
        } finally {
            bytes.release();
        }
        gate.settled();
    }

    private static @Nullable Route find(ByteBuf metadata, boolean composite, Route.Interaction interaction) {
        Payload request = ByteBufPayload.create(Unpooled.EMPTY_BUFFER, metadata.retainedSlice());
        try {
            return Route.of(request, composite, interaction);
        } catch (LevadaException e) {
            assertEquals(ErrorCode.INVALID_REQUEST, e.code());
            assertTrue(String.valueOf(e.getMessage()).length() < 1_000, "an error as long as what it is about");
            return null;
        } finally {
            request.release();
        }
    }

    private void route(ByteBuf metadata, boolean composite, Route.Interaction interaction) {
        Route route = find(metadata, composite, interaction);
        if (route == null) {
            return;
        }
        ByteBuf tags = TaggingMetadataCodec.createTaggingContent(gate.allocator(), List.of(route.spelled()));
        ByteBuf again = composite ? inComposite(WellKnownMimeType.MESSAGE_RSOCKET_ROUTING, tags) : tags;
        try {
            assertEquals(route, find(again, composite, interaction));
        } finally {
            again.release();
        }
    }

    private ByteBuf inComposite(WellKnownMimeType type, ByteBuf content) {
        CompositeByteBuf composite = gate.allocator().compositeBuffer();
        CompositeMetadataCodec.encodeAndAddMetadata(composite, gate.allocator(), type, content);
        return composite;
    }

    private static @Nullable Credentials presented(ByteBuf metadata) {
        try {
            return PeerCredentials.inMetadata(metadata);
        } catch (LevadaException e) {
            assertEquals(ErrorCode.UNAUTHENTICATED, e.code());
            return null;
        }
    }

    private void credentials(ByteBuf metadata) {
        ByteBufAllocator allocator = gate.allocator();
        Credentials presented = presented(metadata);
        ByteBuf content;
        if (presented instanceof Credentials.Bearer bearer) {
            content = AuthMetadataCodec.encodeBearerMetadata(
                    allocator, bearer.token().toCharArray());
        } else if (presented instanceof Credentials.Simple simple) {
            content = allocator.buffer().writeByte(0x80);
            // Not by AuthMetadataCodec, which takes no name that is empty, and of others no more than 65,535 bytes.
            int bytes = ByteBufUtil.utf8Bytes(simple.user());
            if (bytes > 0xFFFF) {
                content.release();
                return;
            }
            content.writeShort(bytes);
            ByteBufUtil.writeUtf8(content, simple.user());
            ByteBufUtil.writeUtf8(content, simple.password());
        } else {
            return;
        }
        ByteBuf again = inComposite(WellKnownMimeType.MESSAGE_RSOCKET_AUTHENTICATION, content);
        try {
            assertEquals(presented, presented(again));
        } finally {
            again.release();
        }
    }

    private static @Nullable Message decoded(ByteBuf bytes) {
        try {
            return Message.decode(bytes, LIMITS);
        } catch (LevadaException e) {
            assertTrue(e.code() == ErrorCode.INVALID_REQUEST || e.code() == ErrorCode.MESSAGE_TOO_LARGE, e.line());
            return null;
        }
    }

    private void message(ByteBuf bytes, byte[] input) {
        Message message = decoded(bytes);
        if (message == null) {
            return;
        }
        assertTrue(isNotNegative(message), () -> "a negative number in " + message);
        ByteBuf encoded = message.encode(gate.allocator());
        try {
            boolean text = message instanceof Message.Open
                    || message instanceof Message.Opened
                    || message instanceof Message.End;
            if (text) {
                same(message, Objects.requireNonNull(decoded(encoded)));
            } else {
                assertTrue(ByteBufUtil.equals(encoded, Unpooled.wrappedBuffer(input)), () -> message + " is otherwise");
            }
        } finally {
            encoded.release();
        }
    }

    /** A negative record count or credit would be one that nobody checks again. */
    private static boolean isNotNegative(Message message) {
        if (message instanceof Message.Opened opened) {
            return opened.partitions() >= 0 && opened.maxRecordBytes() >= 0;
        } else if (message instanceof Message.Batch batch) {
            return batch.partition() >= 0 && batch.sequence() >= 0;
        } else if (message instanceof Message.Records records) {
            return records.handle() >= 0 && records.records() >= 0;
        } else if (message instanceof Message.Credit credit) {
            return credit.records() >= 0 && credit.bytes() >= 0;
        }
        return true;
    }

    private static void same(Message message, Message again) {
        if (message instanceof Message.End end && again instanceof Message.End other && end.error() != null) {
            LevadaException error = Objects.requireNonNull(other.error());
            assertEquals(end.error().code(), error.code());
            assertEquals(end.error().getMessage(), error.getMessage());
            assertEquals(end.handle(), other.handle());
        } else {
            assertEquals(message, again);
        }
    }
}
