package io.levada.protocol;

import io.levada.Compression;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * LZ4 frames as Kafka writes them: version 1 of the LZ4 frame format, independent blocks of 64 KiB, no checksums but the
 * header's. Read are the other block sizes, block and content checksums, and a content size too. Integers are
 * little-endian. The format is described in the LZ4 project's {@code lz4_Frame_format.md}.
 *
 * <pre>
 *   0            4     5    6                14     15
 *   +------------+-----+----+----------------+------+-----------+-------+----------+ ... +--------+----------+
 *   | 0x184d2204 | FLG | BD | content size   |  HC  | u32 block |       | u32 hash |     | u32 0, | u32 hash |
 *   |    magic   |     |    | u64, if in FLG |      |   length  | block | if FLG   |     |  end   | if FLG   |
 *   +------------+-----+----+----------------+------+-----------+-------+----------+ ... +--------+----------+
 *   FLG: bits 6-7 version 1, 5 blocks are independent, 4 block hashes, 3 content size, 2 content hash, 0 dictionary
 *   BD:  bits 4-6 largest block: 4 is 64 KiB, each step four times as much, up to 7
 *   HC:  second byte of the xxHash32 of FLG, BD and content size
 *   a block whose length has the top bit set is not compressed
 * </pre>
 */
final class Lz4Codec implements RecordCodec {
    static final Lz4Codec INSTANCE = new Lz4Codec();

    private static final int MAGIC = 0x184d2204;
    private static final int STORED = 0x80000000;
    private static final int FLG_VERSION_1 = 0x40;
    private static final int FLG_VERSION_MASK = 0xc0;
    private static final int FLG_INDEPENDENT = 0x20;
    private static final int FLG_BLOCK_HASH = 0x10;
    private static final int FLG_CONTENT_SIZE = 0x08;
    private static final int FLG_CONTENT_HASH = 0x04;
    private static final int FLG_UNREADABLE = 0x03;
    private static final int BD_64_KIB = 0x40;
    private static final int BLOCK_BYTES = 64 << 10;

    private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestInstance().fastCompressor();
    private static final LZ4SafeDecompressor DECOMPRESSOR =
            LZ4Factory.fastestInstance().safeDecompressor();
    private static final XXHash32 HASH = XXHashFactory.fastestInstance().hash32();

    private Lz4Codec() {}

    @Override
    public void compress(ByteBuf records, ByteBuf target) {
        target.writeIntLE(MAGIC);
        int descriptor = target.writerIndex();
        target.writeByte(FLG_VERSION_1 | FLG_INDEPENDENT).writeByte(BD_64_KIB);
        target.writeByte(hash(target, descriptor, 2) >>> 8);
        ByteBuf source = RecordCodec.direct(records);
        try {
            for (int index = source.readerIndex(); index < source.writerIndex(); index += BLOCK_BYTES) {
                compressBlock(source, index, Math.min(BLOCK_BYTES, source.writerIndex() - index), target);
            }
        } finally {
            source.release();
        }
        target.writeIntLE(0);
    }

    private static void compressBlock(ByteBuf source, int index, int length, ByteBuf target) {
        int bound = COMPRESSOR.maxCompressedLength(length);
        target.ensureWritable(4 + bound);
        int lengthIndex = target.writerIndex();
        ByteBuffer block = target.nioBuffer(lengthIndex + 4, bound);
        int packed = COMPRESSOR.compress(source.nioBuffer(index, length), 0, length, block, 0, bound);
        if (packed < length) {
            target.writeIntLE(packed).writerIndex(lengthIndex + 4 + packed);
        } else {
            target.writeIntLE(length | STORED).writeBytes(source, index, length);
        }
    }

    @Override
    public void inflate(ByteBuf packed, ByteBuf target, int maxBytes) {
        ByteBuf source = RecordCodec.direct(packed);
        try {
            inflateFrame(source, target, maxBytes);
        } catch (IndexOutOfBoundsException e) {
            throw RecordCodec.damaged(Compression.LZ4, "the frame is cut short");
        } catch (LZ4Exception e) {
            throw RecordCodec.damaged(Compression.LZ4, e);
        } finally {
            source.release();
        }
    }

    private static void inflateFrame(ByteBuf source, ByteBuf target, int maxBytes) {
        int magic = source.readIntLE();
        int descriptor = source.readerIndex();
        int flags = source.readByte();
        int blockKind = source.readByte() >> 4 & 0x07;
        check(magic == MAGIC, "magic");
        check((flags & FLG_VERSION_MASK) == FLG_VERSION_1, "version");
        check((flags & FLG_INDEPENDENT) != 0, "blocks depend on each other");
        check((flags & FLG_UNREADABLE) == 0 && blockKind >= 4, "header");
        source.skipBytes((flags & FLG_CONTENT_SIZE) != 0 ? 8 : 0);
        int hash = hash(source, descriptor, source.readerIndex() - descriptor) >>> 8 & 0xff;
        check(source.readUnsignedByte() == hash, "header checksum");
        int maxBlockBytes = 1 << (8 + 2 * blockKind);
        int start = target.writerIndex();
        for (int length = source.readIntLE(); length != 0; length = source.readIntLE()) {
            inflateBlock(source, length, (flags & FLG_BLOCK_HASH) != 0, maxBlockBytes, target);
            if (target.writerIndex() - start > maxBytes) {
                throw RecordCodec.tooLarge(maxBytes);
            }
        }
        if ((flags & FLG_CONTENT_HASH) != 0) {
            check(source.readIntLE() == hash(target, start, target.writerIndex() - start), "content checksum");
        }
        check(!source.isReadable(), "bytes behind the frame");
    }

    private static void inflateBlock(ByteBuf source, int field, boolean hashed, int maxBlockBytes, ByteBuf target) {
        int length = field & ~STORED;
        check(length <= maxBlockBytes && length <= source.readableBytes(), "block length");
        int index = source.readerIndex();
        source.skipBytes(length);
        if (hashed) {
            check(source.readIntLE() == hash(source, index, length), "block checksum");
        }
        if (field < 0) {
            target.writeBytes(source, index, length);
            return;
        }
        // A byte of a block stands for 255 at most, so that a small block cannot claim a large buffer.
        int bound = (int) Math.min(maxBlockBytes, 255L * length);
        target.ensureWritable(bound);
        ByteBuffer into = target.nioBuffer(target.writerIndex(), bound);
        int inflated = DECOMPRESSOR.decompress(source.nioBuffer(index, length), 0, length, into, 0, bound);
        target.writerIndex(target.writerIndex() + inflated);
    }

    private static int hash(ByteBuf buffer, int index, int length) {
        return HASH.hash(buffer.nioBuffer(index, length), 0, length, 0);
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw RecordCodec.damaged(Compression.LZ4, what);
        }
    }
}
