package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Readers get of what a broker answers the batches that are for them, byte for byte, and nothing that is not. */
final class StoredBlockTest {
    private static final Compression PLAIN = Compression.NONE;
    private static final Compression GZIP = Compression.gzip().build();

    private static ByteBuffer batch(long offset, Compression codec, SimpleRecord... records) {
        return MemoryRecords.withRecords(
                        org.apache.kafka.common.record.internal.RecordBatch.MAGIC_VALUE_V2,
                        offset,
                        codec,
                        TimestampType.CREATE_TIME,
                        records)
                .buffer();
    }

    private static SimpleRecord[] records(int count, int bytes) {
        return IntStream.range(0, count)
                .mapToObj(i -> new SimpleRecord(1_000 + i, null, new byte[bytes]))
                .toArray(SimpleRecord[]::new);
    }

    private static ByteBuffer joined(ByteBuffer... parts) {
        return Unpooled.wrappedBuffer(parts).nioBuffer();
    }

    private static ByteBuffer cut(ByteBuffer whole, int bytes) {
        return whole.duplicate().limit(bytes);
    }

    /** The batches that readers get, each held against itself; none where there is no block. */
    private static List<ByteBuf> read(ByteBuffer fetched, Limits limits) {
        StoredBlock stored = StoredBlock.copy(fetched, ByteBufAllocator.DEFAULT, limits);
        List<ByteBuf> batches = new ArrayList<>();
        if (stored == null) {
            return batches;
        }
        ByteBuf block = stored.batches();
        while (block.isReadable()) {
            ByteBuf batch = Unpooled.copiedBuffer(block.readSlice(RecordBatch.sizeInBytes(block)));
            RecordBatch.verify(batch);
            batches.add(batch);
        }
        block.release();
        assertEquals(stored.next(), RecordBatch.nextOffset(batches.get(batches.size() - 1)));
        return batches;
    }

    private static List<ByteBuf> read(ByteBuffer... fetched) {
        return read(joined(fetched), Limits.DEFAULT);
    }

    private static List<Long> offsets(List<ByteBuf> batches) {
        return batches.stream().map(RecordBatch::baseOffset).toList();
    }

    @Test
    void batches_are_the_brokers_but_for_its_mark_of_the_leader() {
        ByteBuffer first = batch(7, PLAIN, records(3, 10));
        ByteBuffer second = batch(10, GZIP, records(2, 10));
        first.putInt(RecordBatch.LEADER_EPOCH_OFFSET, 5);
        List<ByteBuf> batches = read(first.duplicate(), second.duplicate());
        first.putInt(RecordBatch.LEADER_EPOCH_OFFSET, RecordBatch.NO_LEADER_EPOCH);
        assertEquals(List.of(Unpooled.wrappedBuffer(first)), batches.subList(0, 1));
        assertEquals(List.of(7L, 10L), offsets(batches));
        assertEquals(io.levada.Compression.GZIP, RecordBatch.compression(batches.get(1)));
    }

    @Test
    void one_that_is_cut_short_is_left_for_the_next_fetch() {
        ByteBuffer first = batch(0, PLAIN, records(3, 10));
        ByteBuffer second = batch(3, PLAIN, records(3, 10));
        for (int bytes = 0; bytes < second.remaining(); bytes++) {
            assertEquals(List.of(0L), offsets(read(first.duplicate(), cut(second, bytes))));
            assertEquals(List.of(), read(cut(second, bytes)));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ControlRecordType.class,
            names = {"COMMIT", "ABORT"})
    void the_mark_of_a_transaction_is_a_batch_without_records(ControlRecordType type) {
        ByteBuffer mark = MemoryRecords.withEndTransactionMarker(
                        2, 1_000, 0, 9, (short) 0, new EndTransactionMarker(type, 0))
                .buffer();
        List<ByteBuf> batches = read(batch(0, PLAIN, records(2, 10)), mark, batch(3, PLAIN, records(1, 10)));
        assertEquals(List.of(0L, 2L, 3L), offsets(batches));
        assertEquals(0, RecordBatch.recordCount(batches.get(1)));
        assertEquals(3, RecordBatch.nextOffset(batches.get(1)));
    }

    @Test
    void what_compaction_left_nothing_of_is_a_batch_without_records() {
        ByteBuffer empty = ByteBuffer.allocate(RecordBatch.HEADER_BYTES);
        DefaultRecordBatch.writeEmptyHeader(
                empty, (byte) 2, 9, (short) 0, 4, 2, 6, 0, TimestampType.CREATE_TIME, -1, false, false);
        List<ByteBuf> batches = read(empty.flip(), batch(7, PLAIN, records(1, 10)));
        assertEquals(List.of(2L, 7L), offsets(batches));
        assertEquals(0, RecordBatch.recordCount(batches.get(0)));
        assertEquals(7, RecordBatch.nextOffset(batches.get(0)));
    }

    @Test
    void one_of_an_older_format_is_not_for_readers() {
        ByteBuffer old = MemoryRecords.withRecords((byte) 1, 5, PLAIN, TimestampType.CREATE_TIME, records(1, 200))
                .buffer();
        assertEquals(List.of(), read(old.duplicate()));
        assertEquals(List.of(0L), offsets(read(batch(0, PLAIN, records(5, 10)), old)));
    }

    @Test
    void one_that_is_damaged_is_not_for_readers() {
        ByteBuffer damaged = batch(3, PLAIN, records(3, 10));
        damaged.put(damaged.limit() - 1, (byte) 1);
        assertEquals(List.of(), read(damaged.duplicate()));
        assertEquals(List.of(0L), offsets(read(batch(0, PLAIN, records(3, 10)), damaged)));
    }

    @Test
    void what_is_larger_than_readers_take_is_not_for_them() {
        Limits limits = new Limits(1 << 10, 4 << 10, 8 << 10, 1_000, 64 << 10);
        assertEquals(1, read(batch(0, PLAIN, records(3, 1_000)), limits).size());
        assertEquals(List.of(), read(batch(0, PLAIN, records(3, 1_100)), limits));
        assertEquals(List.of(), read(batch(0, PLAIN, records(5, 1_000)), limits));
        assertEquals(1, read(batch(0, GZIP, records(5, 1_000)), limits).size());
        assertEquals(List.of(), read(batch(0, GZIP, records(9, 1_000)), limits));
        assertEquals(List.of(), read(batch(0, GZIP, records(2, 1_100)), limits));
    }

    @Test
    void records_without_a_time_are_not_for_readers() {
        assertEquals(List.of(), read(batch(0, PLAIN, new SimpleRecord(-1, null, new byte[1]))));
    }

    @Test
    void nothing_is_no_block() {
        assertNull(StoredBlock.copy(ByteBuffer.allocate(0), ByteBufAllocator.DEFAULT, Limits.DEFAULT));
    }

    @Test
    void records_come_out_as_they_went_in() {
        ByteBuf batch = read(batch(4, GZIP, records(3, 10))).get(0);
        try (RecordCursor record = RecordCursor.open(batch, Limits.DEFAULT)) {
            for (int i = 0; record.next(); i++) {
                assertEquals(4 + i, record.offset());
                assertEquals(1_000 + i, record.timestampMs());
                assertEquals(10, record.valueLength());
            }
        }
    }
}
