package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import org.jspecify.annotations.Nullable;

/**
 * Answers a WebSocket's pings, one at a time: while the socket takes nothing only the last ping is kept, as RFC 6455, section
 * 5.5.3, allows. Else a peer that sends pings and does not read would have the server hold a pong for each. For the event loop
 * alone.
 */
final class Pongs extends ChannelInboundHandlerAdapter {
    private @Nullable ByteBuf unanswered;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof PingWebSocketFrame ping) {
            drop();
            unanswered = ping.content();
            answer(context);
            context.read(); // it has come to nobody who would ask for the next
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        answer(context);
        context.fireChannelWritabilityChanged();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a peer that is gone misses nothing
    private void answer(ChannelHandlerContext context) {
        ByteBuf ping = unanswered;
        if (ping != null && context.channel().isWritable()) {
            unanswered = null;
            context.writeAndFlush(new PongWebSocketFrame(ping));
        }
    }

    private void drop() {
        if (unanswered != null) {
            unanswered.release();
            unanswered = null;
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        drop();
    }
}
