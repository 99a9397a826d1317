package io.levada.protocol;

import io.levada.Compression;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.xerial.snappy.Snappy;

/**
 * Snappy in the framing of snappy-java's streams, which Kafka uses: a header of 16 bytes, then blocks, each behind its
 * length. The framing is read here, not by that library, because it allocates what a block says of itself. A single
 * Snappy block without framing, as some of Kafka's clients write it, is read too.
 *
 * <pre>
 *   0               8             12             16           20
 *   +---------------+-------------+--------------+------------+----------+------- ...
 *   | 82 "SNAPPY" 0 | i32 version | i32 readable | i32 length | a block  | the next
 *   |               |      1      | by version 1 |            |          |
 *   +---------------+-------------+--------------+------------+----------+------- ...
 * </pre>
 */
final class SnappyCodec implements RecordCodec {
    static final SnappyCodec INSTANCE = new SnappyCodec();

    private static final long MAGIC = 0x82534e4150505900L;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 16;
    private static final int BLOCK_BYTES = 32 << 10;

    private SnappyCodec() {}

    @Override
    public void compress(ByteBuf records, ByteBuf target) {
        target.writeLong(MAGIC).writeInt(VERSION).writeInt(VERSION);
        ByteBuf source = RecordCodec.direct(records);
        try {
            int index = source.readerIndex();
            while (index < source.writerIndex()) {
                int length = Math.min(BLOCK_BYTES, source.writerIndex() - index);
                int bound = Snappy.maxCompressedLength(length);
                target.ensureWritable(4 + bound);
                int lengthIndex = target.writerIndex();
                ByteBuffer block = target.nioBuffer(lengthIndex + 4, bound);
                int packed = Snappy.compress(source.nioBuffer(index, length), block);
                target.writeInt(packed).writerIndex(lengthIndex + 4 + packed);
                index += length;
            }
        } catch (IOException e) {
            throw new IllegalStateException("Snappy cannot compress direct memory", e);
        } finally {
            source.release();
        }
    }

    @Override
    public void inflate(ByteBuf packed, ByteBuf target, int maxBytes) {
        ByteBuf source = RecordCodec.direct(packed);
        try {
            int start = target.writerIndex();
            if (source.readableBytes() < HEADER_BYTES || source.getLong(source.readerIndex()) != MAGIC) {
                inflateBlock(source.nioBuffer(), target, maxBytes, maxBytes);
                return;
            }
            int index = source.readerIndex() + HEADER_BYTES;
            while (index < source.writerIndex()) {
                int left = source.writerIndex() - index - 4;
                int length = left < 0 ? -1 : source.getInt(index);
                if (length < 0 || length > left) {
                    throw RecordCodec.damaged(Compression.SNAPPY, "a block of " + length + " bytes, " + left + " left");
                }
                int room = maxBytes - (target.writerIndex() - start);
                inflateBlock(source.nioBuffer(index + 4, length), target, room, maxBytes);
                index += 4 + length;
            }
        } catch (IOException e) {
            throw RecordCodec.damaged(Compression.SNAPPY, e);
        } finally {
            source.release();
        }
    }

    private static void inflateBlock(ByteBuffer block, ByteBuf target, int room, int maxBytes) throws IOException {
        // The library writes as much as the block announces, so this is what keeps it within the target.
        int length = Snappy.uncompressedLength(block);
        if (length < 0) {
            throw RecordCodec.damaged(Compression.SNAPPY, "a block that inflates to " + length + " bytes");
        }
        if (length > room) {
            throw RecordCodec.tooLarge(maxBytes);
        }
        target.ensureWritable(length);
        int written = Snappy.uncompress(block, target.nioBuffer(target.writerIndex(), length));
        target.writerIndex(target.writerIndex() + written);
    }
}
