package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import org.jspecify.annotations.Nullable;

/**
 * Joins the fragments of one connection's messages, so that rsocket-java sees none: it forgets those of a channel that ends within
 * a message. They are copied as they come, since a message may be cut into very many. For one thread.
 *
 * <p>A message is a request or a PAYLOAD with FOLLOWS, and PAYLOADs on its stream up to one without; metadata comes before data.
 */
final class Fragments {
    /** What an empty fragment costs. */
    private static final int OVERHEAD_BYTES = 64;
    /** What a message costs besides, however little has come of it: buffers, and what holds them. */
    private static final int MESSAGE_OVERHEAD_BYTES = 1 << 10;

    private static final int MOST_METADATA_BYTES = 0xFF_FFFF;

    private final ByteBufAllocator allocator;
    private final int maxBytes;
    private final IntObjectMap<Message> unfinished = new IntObjectHashMap<>(4);
    private int heldBytes;

    /** A message of which more follows. */
    private static final class Message {
        private final int type;
        private final int headerBytes;
        private final ByteBuf header;
        private final ByteBuf metadata;
        private final ByteBuf data;
        private int flags;
        private int cost = MESSAGE_OVERHEAD_BYTES;

        Message(ByteBufAllocator allocator, ByteBuf first) {
            type = FrameCheck.type(first);
            headerBytes = FrameCheck.headerBytes(type);
            header = allocator.buffer(headerBytes).writeBytes(first, first.readerIndex(), headerBytes);
            metadata = allocator.buffer();
            data = allocator.buffer();
            flags = FrameCheck.flags(first) & ~FrameCheck.FOLLOWS;
        }

        void add(ByteBuf fragment) {
            int itsFlags = FrameCheck.flags(fragment);
            int at = fragment.readerIndex() + FrameCheck.headerBytes(FrameCheck.type(fragment));
            if ((itsFlags & FrameCheck.METADATA) != 0) {
                int length = fragment.getUnsignedMedium(at);
                metadata.writeBytes(fragment, at + 3, length);
                at += 3 + length;
            }
            data.writeBytes(fragment, at, fragment.writerIndex() - at);
            flags |= itsFlags & FrameCheck.METADATA;
            if (type == FrameCheck.REQUEST_CHANNEL || type == FrameCheck.PAYLOAD) {
                flags |= itsFlags & FrameCheck.COMPLETE;
            }
            cost += cost(fragment);
        }

        ByteBuf join(ByteBufAllocator allocator) {
            boolean withMetadata = (flags & FrameCheck.METADATA) != 0;
            int bytes = headerBytes + (withMetadata ? 3 + metadata.readableBytes() : 0) + data.readableBytes();
            ByteBuf whole = allocator.buffer(bytes).writeBytes(header, header.readerIndex(), headerBytes);
            whole.setShort(4, type << 10 | flags);
            if (withMetadata) {
                whole.writeMedium(metadata.readableBytes()).writeBytes(metadata);
            }
            return whole.writeBytes(data);
        }

        void release() {
            header.release();
            metadata.release();
            data.release();
        }
    }

    /** @param maxBytes most bytes held of all messages together */
    Fragments(ByteBufAllocator allocator, int maxBytes) {
        this.allocator = allocator;
        this.maxBytes = maxBytes;
    }

    private static int cost(ByteBuf fragment) {
        return fragment.readableBytes() + OVERHEAD_BYTES;
    }

    /** Whether a message has begun on a stream. */
    boolean isWithin(int streamId) {
        return unfinished.containsKey(streamId);
    }

    /** Whether a request has begun on a stream. */
    boolean isWithinRequest(int streamId) {
        Message message = unfinished.get(streamId);
        return message != null && message.type != FrameCheck.PAYLOAD;
    }

    /** Null for a frame that may be taken, else why it may not. */
    @Nullable
    String check(ByteBuf frame) {
        Message message = unfinished.get(FrameCheck.streamId(frame));
        boolean held = (FrameCheck.flags(frame) & FrameCheck.FOLLOWS) != 0 || message != null;
        int more = cost(frame) + (message == null ? MESSAGE_OVERHEAD_BYTES : 0);
        if (held && heldBytes > maxBytes - more) {
            return "fragments of more than " + maxBytes + " bytes; send messages whole or in fewer streams";
        } else if (message != null && message.metadata.readableBytes() > MOST_METADATA_BYTES - frame.readableBytes()) {
            return "metadata of more than " + MOST_METADATA_BYTES + " bytes";
        }
        return null;
    }

    /** Takes a frame that was found good: gives it back if it is whole, or the message it ends; null while more follows. */
    @Nullable
    ByteBuf take(ByteBuf frame) {
        int streamId = FrameCheck.streamId(frame);
        int type = FrameCheck.type(frame);
        if (FrameCheck.isRequest(type) || type == FrameCheck.CANCEL || type == FrameCheck.ERROR) {
            drop(streamId); // given up, or of a stream that nobody had opened
        }
        boolean follows = FrameCheck.isOfMessage(type) && (FrameCheck.flags(frame) & FrameCheck.FOLLOWS) != 0;
        Message message = unfinished.get(streamId);
        if (!follows && (message == null || type != FrameCheck.PAYLOAD)) {
            return frame;
        }
        try {
            message = add(streamId, message, frame);
        } finally {
            frame.release();
        }
        if (follows) {
            return null;
        }
        ByteBuf whole = message.join(allocator);
        drop(streamId);
        return whole;
    }

    private Message add(int streamId, @Nullable Message begun, ByteBuf frame) {
        Message message = begun;
        if (message == null) {
            message = new Message(allocator, frame);
            unfinished.put(streamId, message);
            heldBytes += message.cost;
        }
        message.add(frame);
        heldBytes += cost(frame);
        return message;
    }

    private void drop(int streamId) {
        Message message = unfinished.remove(streamId);
        if (message != null) {
            heldBytes -= message.cost;
            message.release();
        }
    }

    /** Gives up everything. */
    void close() {
        unfinished.values().forEach(Message::release);
        unfinished.clear();
        heldBytes = 0;
    }
}
