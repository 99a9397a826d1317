package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.DefaultAddressResolverGroup;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.client.WebsocketClientTransport;
import java.net.ConnectException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.NettyPipeline;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.tcp.TcpClient;

/**
 * Makes connections to one address, over TCP or WebSocket and through TLS where it says so, and knows why the last one ended:
 * a server looks at a client's certificate when the client takes the handshake for done. Safe for any thread.
 */
final class Dialer {
    private final Address address;
    private final LinkLimits limits;
    private final ClientLoop loop;
    private final ConnectionProvider unpooled = ConnectionProvider.newConnection();
    private volatile @Nullable LevadaException refused;

    Dialer(Address address, LinkLimits limits, ClientLoop loop) {
        this.address = address;
        this.limits = limits;
        this.loop = loop;
    }

    Address address() {
        return address;
    }

    /** The way to one connection; null for plain text. */
    ClientTransport transport(@Nullable SslContext tls) {
        return address.path() == null ? tcp(tls) : webSocket(tls, address.path());
    }

    private ClientTransport tcp(@Nullable SslContext tls) {
        TcpClient client = TcpClient.create(unpooled)
                .runOn(loop)
                .resolver(DefaultAddressResolverGroup.INSTANCE)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMs())
                .host(address.host())
                .port(address.port());
        return TcpClientTransport.create(
                tls == null
                        ? client
                        : client.secure(spec -> spec.sslContext(tls).handshakeTimeout(limits.timeout()))
                                .doOnChannelInit((observer, channel, remote) -> listen(channel)));
    }

    private ClientTransport webSocket(@Nullable SslContext tls, String path) {
        HttpClient client = HttpClient.create(unpooled)
                .runOn(loop)
                .resolver(DefaultAddressResolverGroup.INSTANCE)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMs())
                .host(address.host())
                .port(address.port());
        return WebsocketClientTransport.create(
                tls == null ? client : client.doOnChannelInit((observer, channel, remote) -> secure(channel, tls)),
                path);
    }

    /** By hand, as reactor-netty's HttpClient does it only with the classes of HTTP/3, which a client would carry for that. */
    private void secure(Channel channel, SslContext tls) {
        SslHandler handler = tls.newHandler(channel.alloc(), address.host(), address.port());
        handler.setHandshakeTimeoutMillis(timeoutMs());
        channel.pipeline().addFirst(NettyPipeline.SslHandler, handler);
        listen(channel);
    }

    private void listen(Channel channel) {
        channel.pipeline()
                .addFirst("levada.close", new LaterClose())
                .addAfter(NettyPipeline.SslHandler, "levada.alert", new Alert());
    }

    /** Remembers why the server ended it; what the server sends says that it did not. */
    private final class Alert extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            refused = null;
            context.pipeline().remove(this);
            context.fireChannelRead(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LevadaException found = TlsErrors.find(cause, address);
            refused = found == null ? refused : found;
            context.fireExceptionCaught(cause);
        }
    }

    /** Netty closes the channel first and says why then; all that is open would be told of a channel that was closed. */
    private static final class LaterClose extends ChannelOutboundHandlerAdapter {
        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // the promise tells
        public void close(ChannelHandlerContext context, ChannelPromise promise) {
            try {
                context.executor().execute(() -> context.close(promise));
            } catch (RejectedExecutionException e) {
                context.close(promise);
            }
        }
    }

    private int timeoutMs() {
        return (int) Math.min(limits.timeout().toMillis(), Integer.MAX_VALUE);
    }

    /** What became of something on a connection, as ours. */
    LevadaException error(Throwable error) {
        LevadaException ours = Wire.error(error, address);
        LevadaException better = refused;
        return better != null && ours.code() == ErrorCode.CONNECTION_LOST ? better : ours;
    }

    /** Why there is no connection. */
    LevadaException unreachable(Throwable cause) {
        LevadaException known = cause instanceof LevadaException ours ? ours : TlsErrors.find(cause, address);
        if (known != null) {
            return known;
        }
        boolean spoke = address.tls() && !(cause instanceof ConnectException);
        return new LevadaException(
                ErrorCode.CONNECTION_LOST,
                "cannot reach " + address.hostAndPort() + ": " + Wire.reason(cause)
                        + (spoke
                                ? "; does the server speak TLS there? it does with 'levada serve --tls-certificate F --tls-key F'"
                                : "; is the server running? start one with 'levada serve'"),
                cause);
    }

    Mono<Void> close() {
        return unpooled.disposeLater();
    }
}
