package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Batches made and taken apart. */
final class Batches {
    /** For simulations, in which a crash takes buffers with it that nobody releases. */
    static final ByteBufAllocator UNTRACKED = new UnpooledByteBufAllocator(false, true);

    private static final Pattern RANGE = Pattern.compile("offsets (\\d+) to (\\d+) .* can go on at (\\d+)");

    private Batches() {}

    static ByteBuf of(ByteBufAllocator allocator, Compression compression, long timestampMs, List<String> values) {
        try (BatchBuilder builder = new BatchBuilder(allocator, compression, Limits.DEFAULT)) {
            long at = timestampMs;
            for (String value : values) {
                builder.append(at++, null, value.getBytes(StandardCharsets.UTF_8), List.of());
            }
            return builder.build();
        }
    }

    /** A batch as {@link #decode} will show it: of each text its time, and key and value where it is {@link Keyed}. */
    static ByteBuf ofTexts(Compression compression, List<String> texts) {
        try (BatchBuilder builder = new BatchBuilder(UNTRACKED, compression, Limits.DEFAULT)) {
            for (String text : texts) {
                Keyed keyed = Keyed.of(text);
                if (keyed == null) {
                    builder.append(LogWorkload.timestamp(text), null, text.getBytes(StandardCharsets.UTF_8), List.of());
                } else {
                    String value = keyed.value();
                    byte[] bytes = value == null ? null : value.getBytes(StandardCharsets.UTF_8);
                    builder.append(keyed.timeMs(), keyed.key().getBytes(StandardCharsets.UTF_8), bytes, List.of());
                }
            }
            return builder.build();
        }
    }

    /** Appends, and gives the first offset once it is durable; fails as appending does, or after a minute. */
    static CompletableFuture<Long> append(PartitionLog log, ByteBuf batch) {
        return append(log, PartitionLog.ANY_OFFSET, batch);
    }

    static CompletableFuture<Long> append(PartitionLog log, long expectedOffset, ByteBuf batch) {
        CompletableFuture<Long> durable = new CompletableFuture<>();
        log.append(batch, expectedOffset, (offset, error) -> {
            if (error == null) {
                durable.complete(offset);
            } else {
                durable.completeExceptionally(error);
            }
        });
        return durable.orTimeout(1, TimeUnit.MINUTES);
    }

    static ByteBuf of(String... values) {
        return of(ByteBufAllocator.DEFAULT, Compression.NONE, 1_000, List.of(values));
    }

    /** A record read back; one with a key as {@link Keyed} spells it. */
    record Read(long offset, String value) {}

    /** All records of a partition from an offset to the end, read in pieces. */
    static List<Read> readAll(PartitionLog log, long from, int maxBytes) {
        List<Read> records = new ArrayList<>();
        long next = from;
        while (next < log.durable()) {
            ByteBuf batches = log.read(next, maxBytes);
            try {
                assertTrue(batches.isReadable(), "there is something at or behind offset " + next);
                next = decode(batches, next, records);
            } finally {
                batches.release();
            }
        }
        return records;
    }

    /** Reads everything, going on behind each damaged range that is told; gives the records and adds the ranges. */
    static List<Read> readAround(PartitionLog log, List<String> ranges) {
        return readAround(log, 300, ranges);
    }

    static List<Read> readAround(PartitionLog log, int maxBytes, List<String> ranges) {
        List<Read> records = new ArrayList<>();
        long next = log.start();
        while (next < log.durable()) {
            try {
                ByteBuf batches = log.read(next, maxBytes);
                next = decode(batches, next, records);
                batches.release();
            } catch (LevadaException e) {
                assertEquals(ErrorCode.CORRUPT_MESSAGE, e.code());
                Matcher range = RANGE.matcher(e.line());
                assertTrue(range.find(), e.line());
                assertTrue(Long.parseLong(range.group(1)) <= next && Long.parseLong(range.group(2)) >= next, e.line());
                ranges.add(range.group(1) + "-" + range.group(2));
                next = Long.parseLong(range.group(3));
            }
        }
        return records;
    }

    /** Adds the records of batches from an offset on; gives the offset behind them. */
    static long decode(ByteBuf batches, long from, List<Read> into) {
        long next = from;
        int at = batches.readerIndex();
        while (at < batches.writerIndex()) {
            ByteBuf rest = batches.slice(at, batches.writerIndex() - at);
            ByteBuf batch = batches.slice(at, RecordBatch.sizeInBytes(rest));
            try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
                while (cursor.next()) {
                    if (cursor.offset() >= from) {
                        into.add(new Read(cursor.offset(), text(cursor)));
                    }
                }
            }
            next = RecordBatch.nextOffset(batch);
            at += batch.readableBytes();
        }
        return next;
    }

    private static String text(RecordCursor record) {
        byte[] key = record.key();
        byte[] value = record.value();
        String text = value == null ? null : new String(value, StandardCharsets.UTF_8);
        return key == null
                ? Objects.requireNonNull(text)
                : new Keyed(record.timestampMs(), new String(key, StandardCharsets.UTF_8), text).text();
    }
}
