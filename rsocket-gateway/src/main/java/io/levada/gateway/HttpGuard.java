package io.levada.gateway;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.NettyPipeline;

/**
 * Bounds what a peer of the HTTP port may cost before anything is known of its request: its head, TLS handshake included, has
 * to be complete in time, counted from where the connection came or its first byte did. For the event loop alone.
 */
@SuppressWarnings("FutureReturnValueIgnored") // of closes the close future tells
final class HttpGuard extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(HttpGuard.class);
    private static final String NAME = "levada.http-guard";

    private final Duration limit;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Future<?> deadline;
    private boolean between;

    private HttpGuard(Duration limit) {
        this.limit = limit;
    }

    /** Guards a connection; its requests are read so that one that could be understood in two ways is told. */
    static void guard(Channel channel, GatewayLimits limits, int maxHeaderBytes) {
        channel.pipeline().addFirst(NAME, new HttpGuard(limits.setupTimeout()));
        channel.pipeline()
                .replace(
                        NettyPipeline.HttpCodec,
                        NettyPipeline.HttpCodec,
                        new HttpServerCodec(new HttpDecoderConfig()
                                .setMaxHeaderSize(maxHeaderBytes)
                                .setHeadersFactory(RequestHeaders.FACTORY)));
    }

    /** That of a connection. */
    static @Nullable HttpGuard of(Channel channel) {
        return channel.pipeline().get(HttpGuard.class);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
        await();
    }

    private void await() {
        ChannelHandlerContext here = context;
        if (here != null && deadline == null) {
            deadline = here.executor().schedule(this::tooSlow, limit.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void tooSlow() {
        ChannelHandlerContext here = context;
        if (here != null) {
            LOG.info(
                    "closing HTTP {}: its request did not come within {}",
                    here.channel().remoteAddress(),
                    limit);
            here.channel().close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext here, Object bytes) {
        if (between) {
            between = false;
            await();
        }
        here.fireChannelRead(bytes);
    }

    /** The head of a request is complete. */
    void requested() {
        between = false;
        cancel();
    }

    /** It was answered; the next may come when it likes. */
    void answered() {
        between = true;
    }

    /** What follows is no HTTP any more, and guarded by others. */
    void upgraded() {
        ChannelHandlerContext here = context;
        if (here != null && !here.isRemoved()) {
            here.pipeline().remove(this);
        }
    }

    private void cancel() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext here) {
        cancel();
        here.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext removed) {
        cancel();
    }
}
