package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets nothing into rsocket-java but frames of bounded size that {@link FrameCheck} found good, and that are whole. The first
 * that is not good ends the connection; what comes behind it is dropped.
 */
final class FrameGuard {
    private final Fragments fragments;
    private final FrameCheck check;
    private final int maxSetupBytes;
    private final int maxFrameBytes;
    private final Refusal refusal;
    private boolean refused;

    /** What to do about a frame that is not good. */
    interface Refusal {
        /**
         * Closes the connection.
         *
         * @param rsocket whether the peer speaks RSocket, and so understands an ERROR frame
         * @param setUp whether it was set up
         */
        void refuse(String reason, boolean rsocket, boolean setUp);
    }

    FrameGuard(GatewayLimits limits, ByteBufAllocator allocator, Refusal refusal) {
        this.fragments = new Fragments(allocator, limits.maxReassemblyBytes());
        this.check = new FrameCheck(fragments);
        this.maxSetupBytes = limits.maxSetupBytes();
        this.maxFrameBytes = limits.maxFrameBytes();
        this.refusal = refusal;
    }

    private int maxBytes() {
        return check.isSetUp() ? maxFrameBytes : maxSetupBytes;
    }

    private void refuse(String reason, boolean rsocket) {
        refused = true;
        fragments.close();
        refusal.refuse(reason, rsocket, check.isSetUp());
    }

    /** What goes on of a frame, which is taken: itself, the message that it is the end of, or nothing. */
    private @Nullable ByteBuf pass(ByteBuf frame) {
        String wrong = check.check(frame);
        if (wrong == null) {
            return fragments.take(frame);
        }
        boolean rsocket = check.isSetUp() || frame.readableBytes() >= FrameCheck.HEADER_BYTES;
        frame.release();
        refuse(wrong, rsocket);
        return null;
    }

    /** Cuts a TCP stream into frames by their length in three bytes. */
    ByteToMessageDecoder forTcp() {
        return new ByteToMessageDecoder() {
            @Override
            protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
                if (refused) {
                    in.skipBytes(in.readableBytes());
                    return;
                }
                if (in.readableBytes() < 3) {
                    return;
                }
                int length = in.getUnsignedMedium(in.readerIndex());
                if (length > maxBytes()) {
                    boolean setUp = check.isSetUp();
                    refuse(
                            setUp
                                    ? "a frame of " + length + " bytes; at most " + maxBytes() + " are taken"
                                    : "not RSocket: it begins " + FrameCheck.excerpt(in),
                            setUp);
                } else if (in.readableBytes() >= 3 + length) {
                    in.skipBytes(3);
                    ByteBuf whole = pass(in.readRetainedSlice(length));
                    if (whole != null) {
                        out.add(whole);
                    }
                }
            }

            @Override
            protected void handlerRemoved0(ChannelHandlerContext context) {
                fragments.close();
            }
        };
    }

    /** Takes binary WebSocket frames, each an RSocket frame. */
    ChannelInboundHandlerAdapter forWebSocket() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                if (refused) {
                    ReferenceCountUtil.release(message);
                    return;
                }
                String wrong = wrong(message);
                if (wrong != null) {
                    refuse(wrong, true);
                    ReferenceCountUtil.release(message);
                } else if (message instanceof BinaryWebSocketFrame frame) {
                    ByteBuf content = frame.content();
                    ByteBuf whole = pass(content);
                    if (whole != null) {
                        context.fireChannelRead(isSame(whole, content) ? frame : new BinaryWebSocketFrame(whole));
                    }
                } else {
                    context.fireChannelRead(message);
                }
            }

            @Override
            public void handlerRemoved(ChannelHandlerContext context) {
                fragments.close();
            }
        };
    }

    /** Not by their bytes: one that was joined has let go of the other. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(ByteBuf whole, ByteBuf content) {
        return whole == content;
    }

    private @Nullable String wrong(Object message) {
        if (message instanceof TextWebSocketFrame) {
            return "a text message; RSocket frames are binary messages";
        } else if (message instanceof BinaryWebSocketFrame frame
                && frame.content().readableBytes() > maxBytes()) {
            return "a frame of " + frame.content().readableBytes() + " bytes; at most " + maxBytes() + " are taken";
        }
        return null;
    }
}
