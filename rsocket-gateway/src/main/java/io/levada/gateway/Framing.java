package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;

/** How RSocket frames stand on a transport. */
enum Framing {
    /** Behind their length in three bytes. */
    TCP {
        @Override
        Object message(ByteBufAllocator allocator, ByteBuf frame) {
            ByteBuf length = allocator.directBuffer(3).writeMedium(frame.readableBytes());
            // Flattened, since a composite of composites costs more with each level; 16 is far from consolidation.
            return allocator
                    .compositeDirectBuffer(16)
                    .addFlattenedComponents(true, length)
                    .addFlattenedComponents(true, frame);
        }
    },

    /** Each a binary WebSocket message. */
    WEBSOCKET {
        @Override
        Object message(ByteBufAllocator allocator, ByteBuf frame) {
            return new BinaryWebSocketFrame(frame);
        }
    };

    /** What to write to the channel; takes the frame. */
    abstract Object message(ByteBufAllocator allocator, ByteBuf frame);
}
