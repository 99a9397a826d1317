package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.compression.DecompressionException;
import io.netty.handler.codec.compression.JdkZlibDecoder;
import io.netty.handler.codec.compression.ZlibWrapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** Inflates one body piece by piece as it comes, or all of one. For one thread at a time. */
final class Inflation implements AutoCloseable {
    /** No piece becomes more at once. */
    private static final int MOST_BYTES = 1 << 20;

    private static final int STEP_BYTES = 16 << 10;

    private final EmbeddedChannel inflater;

    /** How a body is packed. */
    enum Coding {
        NONE,
        GZIP,
        DEFLATE;

        /** By the Content-Encoding; fails with INVALID_REQUEST for others than these. */
        static Coding of(@Nullable String contentEncoding) {
            String name = contentEncoding == null
                    ? "identity"
                    : contentEncoding.strip().toLowerCase(Locale.ROOT);
            return switch (name) {
                case "identity", "" -> NONE;
                case "gzip", "x-gzip" -> GZIP;
                case "deflate" -> DEFLATE;
                default ->
                    throw new LevadaException(
                            ErrorCode.INVALID_REQUEST,
                            "a body in " + contentEncoding + " is not taken; send gzip, deflate, or none");
            };
        }
    }

    Inflation(Coding coding) {
        inflater = new EmbeddedChannel(
                coding == Coding.GZIP
                        ? new JdkZlibDecoder(ZlibWrapper.GZIP, true, MOST_BYTES)
                        : new JdkZlibDecoder(ZlibWrapper.ZLIB_OR_NONE, MOST_BYTES));
    }

    /** What a piece becomes, which may be nothing. */
    byte[] inflate(byte[] piece) {
        try {
            inflater.writeInbound(Unpooled.wrappedBuffer(piece));
        } catch (DecompressionException e) {
            throw damaged(e);
        }
        ByteArrayOutputStream inflated = new ByteArrayOutputStream();
        for (ByteBuf part = inflater.readInbound(); part != null; part = inflater.readInbound()) {
            byte[] bytes = new byte[part.readableBytes()];
            part.readBytes(bytes).release();
            inflated.writeBytes(bytes);
        }
        return inflated.toByteArray();
    }

    @Override
    public void close() {
        inflater.finishAndReleaseAll();
    }

    /** All of a body; fails with INVALID_REQUEST where something is missing, and gives null where it is more than that. */
    static byte @Nullable [] all(byte[] packed, Coding coding, int mostBytes) {
        if (coding == Coding.NONE || packed.length == 0) {
            return packed;
        }
        InputStream bytes = new ByteArrayInputStream(packed);
        try (InputStream in = coding == Coding.GZIP ? new GZIPInputStream(bytes) : new InflaterInputStream(bytes)) {
            ByteArrayOutputStream inflated = new ByteArrayOutputStream();
            byte[] step = new byte[STEP_BYTES];
            for (int read = in.read(step); read >= 0; read = in.read(step)) {
                inflated.write(step, 0, read);
                if (inflated.size() > mostBytes) {
                    return null;
                }
            }
            return inflated.toByteArray();
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static LevadaException damaged(Exception e) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, "the body cannot be inflated: " + e.getMessage(), e);
    }
}
