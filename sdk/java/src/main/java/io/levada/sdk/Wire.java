package io.levada.sdk;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.ErrorJson;
import io.levada.protocol.Limits;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.RSocketErrorException;
import io.rsocket.exceptions.ConnectionCloseException;
import io.rsocket.exceptions.ConnectionErrorException;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.util.ByteBufPayload;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.util.context.Context;

/** How requests, answers and errors look on the wire: routes as composite metadata, data as JSON, errors as ours. */
final class Wire {
    private static final Logger LOG = LoggerFactory.getLogger(Wire.class);

    /** Where Reactor looks for what to do with an error that comes behind the end; by default it logs it as an error. */
    static final Context LATE_ERRORS = Context.of("reactor.onErrorDropped.local", (Consumer<Throwable>)
            error -> LOG.debug("behind the end: {}", error.toString()));

    private static final ObjectMapper MAPPER = JsonMapper.builder().build();

    /** A metadata entry whose MIME type is one of RSocket's numbered ones has this bit before the number. */
    private static final int KNOWN_MIME_TYPE = 0x80;

    /** Of a server's messages: what fits into one frame, and batches whose records inflate to so much. */
    private static final Limits LIMITS =
            Limits.DEFAULT.withMaxInflatedBytes(64 << 20).withMaxBatchBytes(LinkLimits.MAX_MESSAGE_BYTES);

    private Wire() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ByteBuf json(JsonNode node) {
        try {
            return Unpooled.wrappedBuffer(MAPPER.writeValueAsBytes(node));
        } catch (JacksonException e) {
            throw new IllegalStateException(e); // a tree made here can always be written
        }
    }

    /** The payload that opens a stream: its route as metadata, and its data, which is taken. */
    static Payload opening(String route, ByteBuf data) {
        byte[] tag = route.getBytes(StandardCharsets.US_ASCII);
        ByteBuf metadata = Unpooled.buffer(5 + tag.length)
                .writeByte(KNOWN_MIME_TYPE | WellKnownMimeType.MESSAGE_RSOCKET_ROUTING.getIdentifier())
                .writeMedium(1 + tag.length)
                .writeByte(tag.length)
                .writeBytes(tag);
        return ByteBufPayload.create(data, metadata);
    }

    /** The first message of a channel that speaks in messages. */
    static ByteBuf openMessage(JsonNode request) {
        return encode(new Message.Open(request.toString()));
    }

    static ByteBuf encode(Message message) {
        return message.encode(ByteBufAllocator.DEFAULT);
    }

    /** A message from the server; fails with {@link IllegalArgumentException}. */
    static Message message(ByteBuf data) {
        try {
            return Message.decode(data, LIMITS);
        } catch (LevadaException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Reads an answer and releases it. */
    static <T> T answer(String route, Payload payload, Function<JsonNode, T> reading) {
        try {
            return reading.apply(parse(payload.data()));
        } catch (IllegalArgumentException e) {
            throw notUnderstood(route, e.getMessage());
        } finally {
            payload.release();
        }
    }

    /** The JSON object that a buffer holds; fails with {@link IllegalArgumentException}, as the accessors below do. */
    static JsonNode parse(ByteBuf data) {
        try (InputStream in = new ByteBufInputStream(data)) {
            JsonNode node = MAPPER.readTree(in);
            if (node == null || !node.isObject()) {
                throw new IllegalArgumentException("no JSON object");
            }
            return node;
        } catch (IOException e) {
            throw new IllegalArgumentException("no JSON", e);
        }
    }

    static String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw missing(field, "text");
        }
        return value.textValue();
    }

    static long number(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw missing(field, "a whole number");
        }
        return value.longValue();
    }

    static int integer(JsonNode node, String field) {
        long value = number(node, field);
        if (value != (int) value) {
            throw missing(field, "a number of 32 bits");
        }
        return (int) value;
    }

    static boolean bool(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isBoolean()) {
            throw missing(field, "true or false");
        }
        return value.booleanValue();
    }

    static Iterable<JsonNode> array(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isArray()) {
            throw missing(field, "an array");
        }
        return value;
    }

    /** What the server sent is nothing that this client knows how to read. */
    static LevadaException notUnderstood(String route, @Nullable String why) {
        return new LevadaException(
                ErrorCode.UNKNOWN_SERVER_ERROR,
                "the server's answer to " + route + " was not understood (" + why
                        + "); are client and server of the same version?");
    }

    /** Any failure of a connection or a stream as ours, with the server's own code and message where it sent them. */
    static LevadaException error(Throwable error, Address address) {
        if (error instanceof LevadaException ours) {
            return ours;
        } else if (error instanceof RSocketErrorException && reason(error).startsWith("{")) {
            return ErrorJson.fromJson(reason(error));
        }
        LevadaException tls = TlsErrors.find(error, address);
        if (tls != null) {
            return tls;
        } else if (error instanceof ConnectionErrorException || error instanceof ConnectionCloseException) {
            return lost(error, address);
        } else if (error instanceof RSocketErrorException) {
            return new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, reason(error), error);
        } else if (error instanceof IOException) {
            return lost(error, address);
        }
        return new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, reason(error), error);
    }

    /** An error in words, for one line. */
    static String reason(Throwable error) {
        if (error instanceof ClosedChannelException) {
            return "it was closed by the other side";
        } else if (error instanceof ConnectException
                && String.valueOf(error.getMessage()).contains("refused")) {
            return "connection refused"; // Netty's text says it three times over
        }
        String message = error.getMessage();
        return message == null || message.isBlank() ? error.getClass().getSimpleName() : message.strip();
    }

    private static LevadaException lost(Throwable error, Address address) {
        return new LevadaException(
                ErrorCode.CONNECTION_LOST,
                "the connection to " + address.hostAndPort() + " was lost: " + reason(error)
                        + "; try again, and if it stays so, see whether a Levada server speaks RSocket there",
                error);
    }

    static List<String> texts(JsonNode node, String field) {
        List<String> texts = new ArrayList<>();
        for (JsonNode text : array(node, field)) {
            if (!text.isTextual()) {
                throw missing(field, "an array of texts");
            }
            texts.add(text.textValue());
        }
        return texts;
    }

    private static IllegalArgumentException missing(String field, String what) {
        return new IllegalArgumentException("'" + field + "' is not " + what);
    }
}
