package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.protocol.Limits;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.rsocket.ConnectionSetupPayload;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketServer;
import io.rsocket.exceptions.ApplicationErrorException;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.metadata.AuthMetadataCodec;
import io.rsocket.metadata.CompositeMetadata;
import io.rsocket.metadata.RoutingMetadata;
import io.rsocket.metadata.WellKnownAuthType;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.transport.netty.server.WebsocketServerTransport;
import io.rsocket.util.DefaultPayload;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.TcpServer;

/** A server whose every word the test says: answers by route, and channels handed to the test as they are opened. */
final class FakeServer implements AutoCloseable {
    enum Transport {
        TCP,
        WEB_SOCKET
    }

    final List<RSocket> connections = new CopyOnWriteArrayList<>();
    final List<String> setups = new CopyOnWriteArrayList<>();
    /** Tokens as they come, each behind the frame that brought it: {@code SETUP} or {@code METADATA_PUSH}. */
    final BlockingQueue<String> tokens = new LinkedBlockingQueue<>();

    final AtomicInteger rejections = new AtomicInteger();
    private final Map<String, Function<String, Mono<String>>> answers = new ConcurrentHashMap<>();
    private final BlockingQueue<Channel> channels = new LinkedBlockingQueue<>();
    private final Transport transport;
    private final AtomicLong producers = new AtomicLong(Long.MAX_VALUE - 1_000);
    private CloseableChannel socket;
    private long demand = Long.MAX_VALUE;
    private volatile String rejection = "";

    FakeServer(Transport transport) {
        this.transport = transport;
        this.socket = bind(0);
        answer(
                "producers.open",
                request -> Mono.just("{\"producerId\":\"" + producers.incrementAndGet() + "\",\"epoch\":0}"));
    }

    String address() {
        int port = socket.address().getPort();
        return transport == Transport.TCP ? "rsocket://127.0.0.1:" + port : "ws://127.0.0.1:" + port + "/rsocket";
    }

    RemoteEngine engine() {
        return new RemoteEngine(new Link(Address.parse(address()), LinkLimits.of(Await.LIMIT)));
    }

    /** How many messages of a channel are asked for before the test asks for more. */
    FakeServer withDemand(long messages) {
        demand = messages;
        return this;
    }

    void answer(String route, Function<String, Mono<String>> answer) {
        answers.put(route, answer);
    }

    static Mono<String> error(String json) {
        return Mono.error(new ApplicationErrorException(json));
    }

    Channel nextChannel() {
        return Await.next(channels, "a channel");
    }

    int channelsWaiting() {
        return channels.size();
    }

    void dropConnections() {
        connections.forEach(RSocket::dispose);
        connections.clear();
    }

    void stop() {
        dropConnections();
        socket.dispose();
        socket.onClose().onErrorComplete().block(Await.LIMIT);
    }

    void restart() {
        int port = socket.address().getPort();
        stop();
        socket = bind(port);
    }

    @Override
    public void close() {
        stop();
    }

    private CloseableChannel bind(int port) {
        RSocketServer server = RSocketServer.create((setup, client) -> accept(setup, client));
        Mono<CloseableChannel> bound = transport == Transport.TCP
                ? server.bind(TcpServerTransport.create(
                        TcpServer.create().host("127.0.0.1").port(port)))
                : server.bind(WebsocketServerTransport.create(
                        HttpServer.create().host("127.0.0.1").port(port)));
        return Await.value(bound);
    }

    /** Answers connections with this error from now on. */
    void rejectSetup(String error) {
        rejection = error;
    }

    private Mono<RSocket> accept(ConnectionSetupPayload setup, RSocket client) {
        if (!rejection.isEmpty()) {
            rejections.incrementAndGet();
            return Mono.error(new RejectedSetupException(rejection));
        }
        noteToken("SETUP", setup);
        setups.add(setup.metadataMimeType() + " " + setup.dataMimeType() + " " + setup.keepAliveInterval());
        connections.add(client);
        return Mono.just(new RSocket() {
            @Override
            public Mono<Void> metadataPush(Payload payload) {
                noteToken("METADATA_PUSH", payload);
                payload.release();
                return Mono.empty();
            }

            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                String data = payload.getDataUtf8();
                Function<String, Mono<String>> answer = answers.getOrDefault(route(payload), any -> Mono.never());
                payload.release();
                return answer.apply(data).map(DefaultPayload::create);
            }

            @Override
            public Flux<Payload> requestChannel(Publisher<Payload> up) {
                Channel channel = new Channel();
                up.subscribe(channel);
                return channel.down.asFlux().doOnCancel(() -> channel.events.add("down cancelled"));
            }
        });
    }

    private void noteToken(String frame, Payload payload) {
        for (CompositeMetadata.Entry entry : new CompositeMetadata(payload.metadata(), false)) {
            if (entry instanceof CompositeMetadata.WellKnownMimeTypeEntry known
                    && known.getType() == WellKnownMimeType.MESSAGE_RSOCKET_AUTHENTICATION
                    && AuthMetadataCodec.readWellKnownAuthType(entry.getContent()) == WellKnownAuthType.BEARER) {
                tokens.add(frame + " " + new String(AuthMetadataCodec.readBearerTokenAsCharArray(entry.getContent())));
            }
        }
    }

    private static String route(Payload payload) {
        for (CompositeMetadata.Entry entry : new CompositeMetadata(payload.metadata(), false)) {
            if (entry instanceof CompositeMetadata.WellKnownMimeTypeEntry known
                    && known.getType() == WellKnownMimeType.MESSAGE_RSOCKET_ROUTING) {
                return new RoutingMetadata(entry.getContent()).iterator().next();
            }
        }
        throw new AssertionError("no route");
    }

    /** The server's end of a channel. */
    final class Channel extends BaseSubscriber<Payload> {
        final Sinks.Many<Payload> down = Sinks.many().unicast().onBackpressureBuffer();
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
        volatile String route = "";

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            request(demand);
        }

        @Override
        protected void hookOnNext(Payload payload) {
            if (route.isEmpty()) {
                route = route(payload);
                channels.add(this);
            }
            byte[] data = new byte[payload.data().readableBytes()];
            payload.data().readBytes(data);
            payload.release();
            received.add(data);
        }

        @Override
        protected void hookOnComplete() {
            events.add("up completed");
        }

        @Override
        protected void hookOnError(Throwable error) {
            events.add("up failed");
        }

        byte[] nextBytes() {
            return Await.next(received, "bytes");
        }

        /** The next message; a batch in it is on the heap and needs no release. */
        Message next() {
            return Message.decode(Unpooled.wrappedBuffer(nextBytes()), Limits.DEFAULT);
        }

        String nextText() {
            return new String(nextBytes(), StandardCharsets.UTF_8);
        }

        int waiting() {
            return received.size();
        }

        String nextEvent() {
            return Await.next(events, "an event");
        }

        void send(Message message) {
            ByteBuf data = message.encode(ByteBufAllocator.DEFAULT);
            byte[] bytes = new byte[data.readableBytes()];
            data.readBytes(bytes);
            data.release();
            sendBytes(bytes);
        }

        void sendText(String text) {
            sendBytes(text.getBytes(StandardCharsets.UTF_8));
        }

        void sendBytes(byte[] bytes) {
            down.tryEmitNext(DefaultPayload.create(bytes)).orThrow();
        }

        void complete() {
            down.tryEmitComplete().orThrow();
        }

        void fail(String json) {
            down.tryEmitError(new ApplicationErrorException(json)).orThrow();
        }
    }

    /** JSON equality without caring for spaces. */
    static JsonNode json(String text) {
        return Wire.parse(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
    }
}
