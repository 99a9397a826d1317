package io.levada.gateway;

import io.levada.protocol.Limits;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.metadata.AuthMetadataCodec;
import io.rsocket.metadata.CompositeMetadataCodec;
import io.rsocket.metadata.TaggingMetadataCodec;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.client.WebsocketClientTransport;
import io.rsocket.util.ByteBufPayload;
import io.rsocket.util.DefaultPayload;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Sinks;

/** rsocket-java's client as it is, with nothing of ours but the bytes that PROTOCOL.md tells. */
final class RawClient implements AutoCloseable {
    final RSocket rsocket;

    private RawClient(RSocket rsocket) {
        this.rsocket = rsocket;
    }

    static RawClient tcp(GatewayServer server) {
        return connect(overTcp(server));
    }

    static RawClient webSocket(GatewayServer server) {
        return connect(overWebSocket(server));
    }

    static ClientTransport overTcp(GatewayServer server) {
        return TcpClientTransport.create(server.tcpAddress());
    }

    static ClientTransport overWebSocket(GatewayServer server) {
        InetSocketAddress address = server.httpAddress();
        return WebsocketClientTransport.create(URI.create("ws://127.0.0.1:" + address.getPort() + "/rsocket"));
    }

    /** A SETUP, or METADATA_PUSH, that shows a bearer token. */
    static Payload bearer(String token) {
        return authentication(AuthMetadataCodec.encodeBearerMetadata(ByteBufAllocator.DEFAULT, token.toCharArray()));
    }

    /** One that shows a user's name and password. */
    static Payload simple(String user, String password) {
        return authentication(AuthMetadataCodec.encodeSimpleMetadata(
                ByteBufAllocator.DEFAULT, user.toCharArray(), password.toCharArray()));
    }

    static Payload authentication(ByteBuf content) {
        CompositeByteBuf metadata = ByteBufAllocator.DEFAULT.compositeBuffer();
        CompositeMetadataCodec.encodeAndAddMetadata(
                metadata, ByteBufAllocator.DEFAULT, WellKnownMimeType.MESSAGE_RSOCKET_AUTHENTICATION, content);
        return DefaultPayload.create(Unpooled.EMPTY_BUFFER, metadata);
    }

    /** Presents another one, in band. */
    void push(Payload authentication) {
        rsocket.metadataPush(authentication).block(Await.LIMIT);
    }

    static RawClient connect(ClientTransport transport) {
        return connect(transport, DefaultPayload.create(""));
    }

    /** Whose SETUP says who it is; whether that does shows with the first request. */
    static RawClient connect(ClientTransport transport, Payload setup) {
        return new RawClient(RSocketConnector.create()
                .setupPayload(setup)
                .metadataMimeType(WellKnownMimeType.MESSAGE_RSOCKET_COMPOSITE_METADATA.getString())
                .dataMimeType("application/json")
                .maxInboundPayloadSize(Integer.MAX_VALUE)
                .connect(transport)
                .blockOptional(Await.LIMIT)
                .orElseThrow());
    }

    static ByteBuf routing(String route) {
        CompositeByteBuf metadata = ByteBufAllocator.DEFAULT.compositeBuffer();
        CompositeMetadataCodec.encodeAndAddMetadata(
                metadata,
                ByteBufAllocator.DEFAULT,
                WellKnownMimeType.MESSAGE_RSOCKET_ROUTING,
                TaggingMetadataCodec.createTaggingContent(ByteBufAllocator.DEFAULT, List.of(route)));
        return metadata;
    }

    static Payload request(String route, String json) {
        return request(route, Unpooled.wrappedBuffer(json.getBytes(StandardCharsets.UTF_8)));
    }

    static Payload request(String route, ByteBuf data) {
        return ByteBufPayload.create(data, routing(route));
    }

    String answer(String route, String json) {
        return rsocket.requestResponse(request(route, json))
                .map(Payload::getDataUtf8)
                .blockOptional(Await.LIMIT)
                .orElseThrow();
    }

    /** The error's data. */
    String error(String route, String json) {
        try {
            throw new AssertionError("an answer: " + answer(route, json));
        } catch (RuntimeException e) {
            return String.valueOf(e.getMessage());
        }
    }

    Stream stream(String route, String json, long demand) {
        Stream stream = new Stream(demand);
        rsocket.requestStream(request(route, json)).subscribe(stream);
        return stream;
    }

    /** Opens a channel; messages are sent with {@link Channel#send}. */
    Channel channel(String route, ByteBuf first, long demand) {
        Channel channel = new Channel(demand);
        channel.up.tryEmitNext(request(route, first)).orThrow();
        rsocket.requestChannel(channel.up.asFlux()).subscribe(channel.down);
        return channel;
    }

    Channel channel(String route, Message first, long demand) {
        return channel(route, first.encode(ByteBufAllocator.DEFAULT), demand);
    }

    Channel jsonChannel(String route, String first, long demand) {
        return channel(route, Unpooled.wrappedBuffer(first.getBytes(StandardCharsets.UTF_8)), demand);
    }

    @Override
    public void close() {
        rsocket.dispose();
        rsocket.onClose().onErrorComplete().block(Await.LIMIT);
    }

    /** What comes down on a stream; demand is given by hand. */
    static final class Stream extends BaseSubscriber<Payload> {
        static final String COMPLETE = "complete";

        final BlockingQueue<byte[]> payloads = new LinkedBlockingQueue<>();
        final BlockingQueue<String> end = new LinkedBlockingQueue<>();
        private final long demand;

        Stream(long demand) {
            this.demand = demand;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            if (demand > 0) {
                subscription.request(demand);
            }
        }

        @Override
        protected void hookOnNext(Payload payload) {
            byte[] bytes = new byte[payload.data().readableBytes()];
            payload.data().readBytes(bytes);
            payload.release();
            payloads.add(bytes);
        }

        @Override
        protected void hookOnComplete() {
            end.add(COMPLETE);
        }

        @Override
        protected void hookOnError(Throwable error) {
            end.add(String.valueOf(error.getMessage()));
        }

        /** Null once something has come, else how it ended without. */
        @Nullable
        String endBeforeAnything() {
            Await.until("a payload, or the end", () -> !payloads.isEmpty() || !end.isEmpty());
            return payloads.isEmpty() ? end.peek() : null;
        }

        String text() {
            return new String(Await.next("a payload", payloads), StandardCharsets.UTF_8);
        }

        Message message() {
            return Message.decode(Unpooled.wrappedBuffer(Await.next("a message", payloads)), Limits.DEFAULT);
        }

        String end() {
            return Await.next("the end", end);
        }
    }

    /** A channel's two halves. */
    static final class Channel {
        final Sinks.Many<Payload> up = Sinks.many().unicast().onBackpressureBuffer();
        final Stream down;

        Channel(long demand) {
            down = new Stream(demand);
        }

        void send(Message message) {
            ByteBuf bytes = message.encode(ByteBufAllocator.DEFAULT);
            up.tryEmitNext(ByteBufPayload.create(bytes)).orThrow();
        }

        /** The same, unless the server has ended the channel. */
        void offer(Message message) {
            Payload payload = ByteBufPayload.create(message.encode(ByteBufAllocator.DEFAULT));
            if (up.tryEmitNext(payload).isFailure()) {
                payload.release();
            }
        }

        void send(String json) {
            up.tryEmitNext(DefaultPayload.create(json)).orThrow();
        }

        void complete() {
            up.tryEmitComplete().orThrow();
        }
    }
}
