package io.levada.protocol;

import io.levada.Compression;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.ByteBufOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** Gzip, RFC 1952, by the JDK. */
final class GzipCodec implements RecordCodec {
    static final GzipCodec INSTANCE = new GzipCodec();

    private static final int CHUNK_BYTES = 8 << 10;

    private GzipCodec() {}

    @Override
    public void compress(ByteBuf records, ByteBuf target) {
        try (GZIPOutputStream gzip = new GZIPOutputStream(new ByteBufOutputStream(target), CHUNK_BYTES)) {
            records.getBytes(records.readerIndex(), gzip, records.readableBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a buffer in memory gives none
        }
    }

    @Override
    public void inflate(ByteBuf packed, ByteBuf target, int maxBytes) {
        int start = target.writerIndex();
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteBufInputStream(packed.slice()), CHUNK_BYTES)) {
            while (target.writeBytes(gzip, CHUNK_BYTES) >= 0) {
                if (target.writerIndex() - start > maxBytes) {
                    throw RecordCodec.tooLarge(maxBytes);
                }
            }
        } catch (IOException e) {
            throw RecordCodec.damaged(Compression.GZIP, e);
        }
    }
}
