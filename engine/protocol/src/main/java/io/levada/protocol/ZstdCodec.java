package io.levada.protocol;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.levada.Compression;
import io.netty.buffer.ByteBuf;

/**
 * Zstandard frames, RFC 8878. Inflated in one go into a buffer that grows, not as a stream: a stream would allocate the
 * window that a frame asks for, 128 MiB if it likes.
 */
final class ZstdCodec implements RecordCodec {
    static final ZstdCodec INSTANCE = new ZstdCodec();

    private static final int LEVEL = 3;
    private static final int FIRST_BYTES = 4 << 10;

    private ZstdCodec() {}

    @Override
    public void compress(ByteBuf records, ByteBuf target) {
        int length = records.readableBytes();
        int bound = Math.toIntExact(Zstd.compressBound(length));
        target.ensureWritable(bound);
        ByteBuf source = RecordCodec.direct(records);
        try (ZstdCompressCtx zstd = new ZstdCompressCtx()) {
            zstd.setLevel(LEVEL);
            int packed = zstd.compressDirectByteBuffer(
                    target.nioBuffer(target.writerIndex(), bound), 0, bound, source.nioBuffer(), 0, length);
            target.writerIndex(target.writerIndex() + packed);
        } finally {
            source.release();
        }
    }

    @Override
    public void inflate(ByteBuf packed, ByteBuf target, int maxBytes) {
        ByteBuf source = RecordCodec.direct(packed);
        try (ZstdDecompressCtx zstd = new ZstdDecompressCtx()) {
            // What the frame says of its content, 0 or below where it does not: a hint, but one that may be refused.
            long announced = Zstd.getDirectByteBufferFrameContentSize(source.nioBuffer(), 0, source.readableBytes());
            if (announced > maxBytes) {
                throw RecordCodec.tooLarge(maxBytes);
            }
            int room =
                    announced > 0 ? (int) announced : Math.min(maxBytes, Math.max(FIRST_BYTES, target.writableBytes()));
            while (!inflateInto(zstd, source, target, room)) {
                if (room == maxBytes) {
                    throw RecordCodec.tooLarge(maxBytes);
                }
                room = (int) Math.min(maxBytes, 4L * room);
            }
        } finally {
            source.release();
        }
    }

    /** False where the room is not enough. */
    private static boolean inflateInto(ZstdDecompressCtx zstd, ByteBuf source, ByteBuf target, int room) {
        target.ensureWritable(room);
        int length = source.readableBytes();
        try {
            int inflated = zstd.decompressDirectByteBuffer(
                    target.nioBuffer(target.writerIndex(), room), 0, room, source.nioBuffer(), 0, length);
            target.writerIndex(target.writerIndex() + inflated);
            return true;
        } catch (ZstdException e) {
            if (e.getErrorCode() == Zstd.errDstSizeTooSmall()) {
                return false;
            }
            throw RecordCodec.damaged(Compression.ZSTD, e);
        }
    }
}
