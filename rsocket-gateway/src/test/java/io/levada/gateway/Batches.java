package io.levada.gateway;

import io.levada.Compression;
import io.levada.Header;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Batches to send and to be sent. */
final class Batches {
    private Batches() {}

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** One record for each value, keyed k, with timestamps from 1000 on. */
    static ByteBuf of(long baseOffset, String... values) {
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            long timestamp = 1_000;
            for (String value : values) {
                builder.append(timestamp++, utf8("k"), utf8(value), List.of(Header.of("h", "1")));
            }
            return stamped(builder.build(), baseOffset);
        }
    }

    /** So many records of so many bytes each, that are alike. */
    static ByteBuf compressed(Compression codec, int records, int valueBytes) {
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, codec, Limits.DEFAULT)) {
            for (int i = 0; i < records; i++) {
                builder.append(1_000, null, new byte[valueBytes], List.of());
            }
            return builder.build();
        }
    }

    static ByteBuf ofSize(long baseOffset, int records, int valueBytes) {
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            byte[] value = new byte[valueBytes];
            java.util.Arrays.fill(value, (byte) 'v');
            for (int i = 0; i < records; i++) {
                builder.append(1_000, null, value, List.of());
            }
            return stamped(builder.build(), baseOffset);
        }
    }

    private static ByteBuf stamped(ByteBuf batch, long baseOffset) {
        RecordBatch.stamp(batch, baseOffset, -1);
        return batch;
    }
}
