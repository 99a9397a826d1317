package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.channels.ClosedChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.NettyPipeline;

/**
 * Watches a connection until TLS is agreed on: no more is read than a handshake needs while it is computed elsewhere, and one
 * that fails closes the connection with one line in the log.
 */
final class Handshake {
    private static final Logger LOG = LoggerFactory.getLogger(Handshake.class);
    /** More than any chain of certificates that Java takes. */
    private static final int MOST_BYTES = 64 << 10;

    private static final int MOST_REASON_CHARS = 200;

    private Handshake() {}

    /** To be called when the channel has its handlers for TLS, before it is active. */
    static void watch(Channel channel) {
        Valve valve = new Valve();
        channel.pipeline()
                .addFirst("levada.valve", valve)
                .addAfter(NettyPipeline.SslReader, "levada.handshake", new Outcome(valve));
    }

    /** For one line of the log: what came instead of TLS is not told, as it may be long. */
    static String reason(Throwable error) {
        Throwable cause = error instanceof DecoderException && error.getCause() != null ? error.getCause() : error;
        if (cause instanceof NotSslRecordException) {
            return "what it sent is no TLS, which this port speaks";
        }
        String text = cause.toString();
        return text.length() <= MOST_REASON_CHARS ? text : text.substring(0, MOST_REASON_CHARS) + "...";
    }

    /** Stands between socket and TLS, and reads no more once a handshake's worth of bytes came. */
    private static final class Valve extends ChannelDuplexHandler {
        private int bytes;
        private boolean done;
        private boolean reading;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof ByteBuf read) {
                bytes += read.readableBytes();
            }
            context.fireChannelRead(message);
        }

        @Override
        public void read(ChannelHandlerContext context) {
            if (done || bytes < MOST_BYTES) {
                context.read();
            } else {
                reading = true;
            }
        }

        void open(ChannelHandlerContext context) {
            done = true;
            context.pipeline().remove(this);
            if (reading) {
                context.channel().read();
            }
        }
    }

    /** Stands behind TLS, and hides from the server what never became a connection. */
    private static final class Outcome extends ChannelInboundHandlerAdapter {
        private final Valve valve;

        Outcome(Valve valve) {
            this.valve = valve;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    context.pipeline().remove(this);
                    valve.open(context);
                } else if (handshake.cause() instanceof ClosedChannelException) {
                    LOG.debug(
                            "{} closed before TLS was agreed on",
                            context.channel().remoteAddress());
                } else {
                    LOG.info("closing {}: {}", context.channel().remoteAddress(), reason(handshake.cause()));
                }
            }
            context.fireUserEventTriggered(event);
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for it
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
