package io.levada;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How the records of a batch are compressed; the ids are those of Kafka's record batch attributes. */
public enum Compression {
    NONE(0),
    GZIP(1),
    SNAPPY(2),
    LZ4(3),
    ZSTD(4);

    private final int id;

    Compression(int id) {
        this.id = id;
    }

    /** The three low bits of a batch's attributes. */
    public int id() {
        return id;
    }

    /** The codec of an id; fails with {@link ErrorCode#CORRUPT_MESSAGE} for an unknown one. */
    public static Compression ofId(int id) {
        for (Compression compression : values()) {
            if (compression.id == id) {
                return compression;
            }
        }
        throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "unknown compression codec " + id);
    }

    /** Reads a codec's name in lower case; fails with {@link ErrorCode#INVALID_REQUEST} for another. */
    public static Compression parse(String text) {
        for (Compression compression : values()) {
            if (compression.spelled().equals(text)) {
                return compression;
            }
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "'" + text + "' is no codec; use "
                        + Arrays.stream(values()).map(Compression::spelled).collect(Collectors.joining(", ")));
    }

    /** The spelling that {@link #parse} reads. */
    public String spelled() {
        return name().toLowerCase(Locale.ROOT);
    }
}
