package io.levada.protocol;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;

/**
 * One way to compress the records of a batch, in the framing that Kafka gives it. Both directions read a buffer, leaving
 * its indexes alone, and append to a direct one. Stateless.
 */
sealed interface RecordCodec permits GzipCodec, SnappyCodec, Lz4Codec, ZstdCodec {
    void compress(ByteBuf records, ByteBuf target);

    /**
     * Appends at most {@code maxBytes}, give or take what one block of the codec holds. Fails with {@link
     * ErrorCode#MESSAGE_TOO_LARGE} where there are more, and {@link ErrorCode#CORRUPT_MESSAGE}.
     */
    void inflate(ByteBuf packed, ByteBuf target, int maxBytes);

    static RecordCodec of(Compression compression) {
        return switch (compression) {
            case NONE -> throw new IllegalArgumentException("no codec for records that are not compressed");
            case GZIP -> GzipCodec.INSTANCE;
            case SNAPPY -> SnappyCodec.INSTANCE;
            case LZ4 -> Lz4Codec.INSTANCE;
            case ZSTD -> ZstdCodec.INSTANCE;
        };
    }

    /** What to allocate at first for a batch's records; they grow from there. */
    static int guessInflatedBytes(ByteBuf batch, Limits limits) {
        return (int) Math.min(limits.maxInflatedBytes(), 4L * batch.readableBytes());
    }

    static LevadaException tooLarge(int maxBytes) {
        return new LevadaException(
                ErrorCode.MESSAGE_TOO_LARGE,
                "a compressed batch inflates to more than " + maxBytes + " bytes; publish smaller batches");
    }

    static LevadaException damaged(Compression codec, String what) {
        return RecordBatch.corrupt("records are not valid " + codec + ": " + what);
    }

    static LevadaException damaged(Compression codec, Throwable cause) {
        return new LevadaException(
                ErrorCode.CORRUPT_MESSAGE, "records are not valid " + codec + ": " + cause.getMessage(), cause);
    }

    /** The buffer, retained, where native code can read it in one piece, else a copy that it can. */
    static ByteBuf direct(ByteBuf source) {
        if (source.isDirect() && source.nioBufferCount() == 1) {
            return source.retainedSlice();
        }
        ByteBuf copy = source.alloc().directBuffer(source.readableBytes());
        return copy.writeBytes(source, source.readerIndex(), source.readableBytes());
    }
}
