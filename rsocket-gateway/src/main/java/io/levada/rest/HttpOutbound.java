package io.levada.rest;

import io.levada.protocol.Limits;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundConnection;
import io.levada.wire.OutboundPool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.AttributeKey;
import java.util.Set;
import reactor.netty.NettyPipeline;

/**
 * What an HTTP connection holds: counts the bytes of its answers from where they are handed over until they went to the
 * socket. For the event loop alone, except what {@link OutboundConnection} says.
 */
@SuppressWarnings("FutureReturnValueIgnored") // of closes the close future tells
final class HttpOutbound extends ChannelOutboundHandlerAdapter implements OutboundConnection {
    private static final AttributeKey<HttpOutbound> KEY = AttributeKey.valueOf(HttpOutbound.class, "outbound");
    private static final String NAME = "levada.outbound";

    private final Channel channel;
    private final OutboundBudget budget;

    /** When bytes last went to the socket, or the first came that are to. */
    private volatile long progressNanos = System.nanoTime();

    private HttpOutbound(Channel channel, OutboundBudget budget) {
        this.channel = channel;
        this.budget = budget;
    }

    /**
     * That of a connection, from its first request on that needs one until it closes.
     *
     * @param open where it is found as long as it is there
     * @param limitBytes what it may hold when the pool has room
     */
    static HttpOutbound of(Channel channel, OutboundPool pool, Set<OutboundConnection> open, long limitBytes) {
        HttpOutbound known = channel.attr(KEY).get();
        if (known != null) {
            return known;
        }
        HttpOutbound outbound = new HttpOutbound(
                channel, new OutboundBudget(pool, limitBytes, Limits.DEFAULT.maxRecordBytes(), System::nanoTime));
        channel.attr(KEY).set(outbound);
        channel.pipeline().addBefore(NettyPipeline.ReactiveBridge, NAME, outbound);
        open.add(outbound);
        pool.connected();
        channel.closeFuture().addListener(closed -> {
            open.remove(outbound);
            pool.disconnected();
        });
        return outbound;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        int bytes = bytes(message);
        if (bytes == 0) {
            context.write(message, promise);
            return;
        }
        if (budget.heldBytes() == 0) {
            progressNanos = System.nanoTime();
        }
        budget.queued(bytes);
        context.write(message, promise.unvoid().addListener(done -> written(bytes)));
    }

    private static int bytes(Object message) {
        if (message instanceof ByteBuf buffer) {
            return buffer.readableBytes();
        }
        return message instanceof ByteBufHolder holder ? holder.content().readableBytes() : 0;
    }

    private void written(int bytes) {
        progressNanos = System.nanoTime();
        budget.written(bytes);
    }

    @Override
    public OutboundBudget budget() {
        return budget;
    }

    @Override
    public long stalledNanos(long nowNanos) {
        long since = progressNanos;
        return budget.heldBytes() == 0 ? 0 : Math.max(0, nowNanos - since);
    }

    @Override
    public void giveWay() {
        channel.close();
    }

    @Override
    public String toString() {
        return "HTTP " + channel.remoteAddress();
    }
}
