package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpServer;

final class SocketsTest {
    private final BlockingQueue<List<Object>> options = new LinkedBlockingQueue<>();

    @Test
    void whoever_is_gone_without_a_word_is_asked_for() throws Exception {
        assumeTrue(Epoll.isAvailable(), "elsewhere the JDK's sockets are used, which do not tell");
        DisposableServer server = Sockets.prepare(
                        TcpServer.create().host("127.0.0.1").port(0))
                .doOnConnection(connection -> options.add(List.of(
                        connection.channel().config().getOption(ChannelOption.SO_KEEPALIVE),
                        connection.channel().config().getOption(EpollChannelOption.TCP_KEEPIDLE))))
                .handle((in, out) -> Flux.never())
                .bindNow();
        try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            assertTrue(peer.isConnected());
            assertEquals(List.of(true, Sockets.IDLE_SECONDS), Await.next("a connection", options));
        } finally {
            server.disposeNow();
        }
    }
}
