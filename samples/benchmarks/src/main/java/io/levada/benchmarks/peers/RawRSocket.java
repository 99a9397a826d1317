package io.levada.benchmarks.peers;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.ByteBufPayload;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;

/** A bare RSocket over loopback, both ends in this process, whose responder streams payloads of the size that is asked for. */
final class RawRSocket implements AutoCloseable {
    /** In flight at most: the responder queues all that is asked for. */
    private static final int WINDOW_BYTES = 1 << 20;

    private static final int LEAST_WINDOW = 16;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final CloseableChannel server;
    private final RSocket client;

    RawRSocket() {
        String host = InetAddress.getLoopbackAddress().getHostAddress();
        server = Objects.requireNonNull(RSocketServer.create(SocketAcceptor.forRequestStream(RawRSocket::stream))
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .bindNow(TcpServerTransport.create(host, 0)));
        client = Objects.requireNonNull(RSocketConnector.create()
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .connect(TcpClientTransport.create(host, server.address().getPort()))
                .block(PATIENCE));
    }

    private static Flux<Payload> stream(Payload request) {
        int bytes = Integer.parseInt(request.getDataUtf8());
        request.release();
        return Flux.generate(sink -> sink.next(ByteBufPayload.create(zeroes(bytes))));
    }

    private static ByteBuf zeroes(int bytes) {
        return ByteBufAllocator.DEFAULT.directBuffer(bytes).writerIndex(bytes);
    }

    private Flux<Payload> payloads(int bytes) {
        ByteBuf size = ByteBufAllocator.DEFAULT.buffer();
        size.writeCharSequence(Integer.toString(bytes), StandardCharsets.US_ASCII);
        return client.requestStream(ByteBufPayload.create(size))
                .limitRate(Math.max(LEAST_WINDOW, WINDOW_BYTES / bytes))
                .doOnNext(Payload::release);
    }

    /** How many payloads come in some time. */
    long countFor(int bytes, double seconds) {
        AtomicLong count = new AtomicLong();
        payloads(bytes)
                .doOnNext(payload -> count.lazySet(count.get() + 1))
                .take(Duration.ofNanos((long) (seconds * 1e9)))
                .then()
                .block();
        return count.get();
    }

    /** Takes so many payloads. */
    void take(int bytes, long count) {
        payloads(bytes).take(count).then().block(PATIENCE);
    }

    @Override
    public void close() {
        client.dispose();
        server.dispose();
        server.onClose().block(PATIENCE);
    }
}
