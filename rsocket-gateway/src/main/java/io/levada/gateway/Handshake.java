package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.frame.ErrorFrameCodec;
import java.nio.channels.ClosedChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.NettyPipeline;

/**
 * Watches a connection until TLS is agreed on: no more is read than a handshake needs while it is computed elsewhere, one that
 * fails closes the connection with one line in the log, and who speaks plain text is told so in plain text.
 */
final class Handshake {
    private static final Logger LOG = LoggerFactory.getLogger(Handshake.class);
    /** More than any chain of certificates that Java takes. */
    private static final int MOST_BYTES = 64 << 10;

    private static final int MOST_REASON_CHARS = 200;
    /** What the first record of every handshake begins with, RFC 8446 section 5.1. */
    private static final int HANDSHAKE_RECORD = 22;

    private static final String NO_TLS = "what it sent is no TLS, which this port speaks";

    private Handshake() {}

    /**
     * To be called when the channel has its handlers for TLS, before it is active.
     *
     * @param framing of what is spoken through TLS, so that who does not speak TLS understands
     */
    static void watch(Channel channel, Framing framing) {
        Valve valve = new Valve(framing);
        channel.pipeline()
                .addFirst("levada.valve", valve)
                .addAfter(NettyPipeline.SslReader, "levada.handshake", new Outcome(valve));
    }

    /** For one line of the log: what came instead of TLS is not told, as it may be long. */
    static String reason(Throwable error) {
        Throwable cause = error instanceof DecoderException && error.getCause() != null ? error.getCause() : error;
        if (cause instanceof NotSslRecordException) {
            return NO_TLS;
        }
        String text = cause.toString();
        return text.length() <= MOST_REASON_CHARS ? text : text.substring(0, MOST_REASON_CHARS) + "...";
    }

    /** What a client that speaks plain text can read: RSocket's rejection of a SETUP, or an answer of HTTP. */
    private static Object answer(ByteBufAllocator allocator, Framing framing) {
        String json = WireErrors.text(new LevadaException(
                ErrorCode.INVALID_REQUEST,
                framing == Framing.TCP
                        ? "this port speaks TLS; use rsockets://"
                        : "this port speaks TLS; use https:// or wss://"));
        if (framing == Framing.TCP) {
            return framing.message(allocator, ErrorFrameCodec.encode(allocator, 0, new RejectedSetupException(json)));
        }
        return ByteBufUtil.writeAscii(
                allocator,
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                        + json.length() + "\r\n\r\n" + json);
    }

    /** Stands between socket and TLS, and reads no more once a handshake's worth of bytes came. */
    private static final class Valve extends ChannelDuplexHandler {
        private final Framing framing;
        private int bytes;
        private boolean refused;
        private boolean done;
        private boolean reading;

        Valve(Framing framing) {
            this.framing = framing;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf read = (ByteBuf) message;
            if (bytes == 0 && read.isReadable() && read.getUnsignedByte(read.readerIndex()) != HANDSHAKE_RECORD) {
                refuse(context);
            }
            bytes += read.readableBytes();
            if (refused) {
                read.release();
            } else {
                context.fireChannelRead(message);
            }
        }

        @SuppressWarnings("FutureReturnValueIgnored") // written or not, the end is the same
        private void refuse(ChannelHandlerContext context) {
            refused = true;
            LOG.info("closing {}: {}", context.channel().remoteAddress(), NO_TLS);
            context.writeAndFlush(answer(context.alloc(), framing)).addListener(written -> context.close());
        }

        @Override
        public void read(ChannelHandlerContext context) {
            if (done || (bytes < MOST_BYTES && !refused)) {
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
