package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Batches go both ways between Levada and kafka-clients. */
class KafkaInteropTest {
    /** Large enough for several blocks of each codec, and compressible. */
    private static final List<StoredRecord> MANY = Batches.random(new Random(7), 600);

    @ParameterizedTest
    @EnumSource
    void kafka_reads_our_batches(Compression compression) {
        for (List<StoredRecord> records : List.of(Batches.variety(), MANY, MANY.subList(0, 1))) {
            ByteBuf batch = Batches.heapBatch(compression, records);
            assertEquals(records, KafkaSide.read(batch));
        }
    }

    @ParameterizedTest
    @EnumSource
    void we_read_batches_of_kafka(Compression compression) {
        for (List<StoredRecord> records : List.of(Batches.variety(), MANY, MANY.subList(0, 1))) {
            ByteBuf batch = KafkaSide.write(compression, records);
            assertEquals(compression, RecordBatch.compression(batch));
            RecordBatch.validatePublished(batch, Batches.LIMITS);
            assertEquals(records, Batches.read(batch));
        }
    }

    @ParameterizedTest
    @EnumSource
    void both_see_the_same_header(Compression compression) {
        ByteBuf ours = Batches.heapBatch(compression, MANY);
        RecordBatch.stamp(ours, 42, 7);
        MutableRecordBatch theirs = KafkaSide.open(ours);
        assertEquals(theirs.baseOffset(), RecordBatch.baseOffset(ours));
        assertEquals(theirs.lastOffset(), RecordBatch.lastOffset(ours));
        assertEquals(theirs.nextOffset(), RecordBatch.nextOffset(ours));
        assertEquals(theirs.sizeInBytes(), RecordBatch.sizeInBytes(ours));
        assertEquals(theirs.checksum(), RecordBatch.crc(ours) & 0xffffffffL);
        assertEquals(theirs.countOrNull(), RecordBatch.recordCount(ours));
        assertEquals(theirs.maxTimestamp(), RecordBatch.maxTimestamp(ours));
        assertEquals(theirs.partitionLeaderEpoch(), RecordBatch.leaderEpochSlot(ours));
        assertEquals(theirs.producerId(), RecordBatch.producerId(ours));
        assertEquals(theirs.producerEpoch(), RecordBatch.producerEpoch(ours));
        assertEquals(theirs.baseSequence(), RecordBatch.baseSequence(ours));
        assertEquals(theirs.compressionType().id, RecordBatch.compression(ours).id());
    }

    @Test
    void an_uncompressed_batch_is_the_same_bytes_from_both() {
        assertEquals(KafkaSide.write(Compression.NONE, MANY), Batches.heapBatch(Compression.NONE, MANY));
    }

    @ParameterizedTest
    @EnumSource
    void append_time_stands_for_every_record(Compression compression) {
        ByteBuf batch = KafkaSide.write(compression, TimestampType.LOG_APPEND_TIME, 17, Batches.variety());
        assertTrue(RecordBatch.isAppendTime(batch));
        RecordBatch.validate(batch, Batches.LIMITS);
        List<StoredRecord> records = Batches.read(batch);
        assertEquals(KafkaSide.read(batch), records);
        assertEquals(RecordBatch.maxTimestamp(batch), records.get(2).timestampMs());
    }

    @Test
    void control_batches_are_walked_and_told_apart() {
        ByteBuf batch = Unpooled.wrappedBuffer(MemoryRecords.withEndTransactionMarker(
                        5, 1_000L, 3, 99L, (short) 4, new EndTransactionMarker(ControlRecordType.COMMIT, 1))
                .buffer());
        RecordBatch.validate(batch, Batches.LIMITS);
        assertTrue(RecordBatch.isControl(batch));
        assertTrue(RecordBatch.isTransactional(batch));
        assertEquals(99, RecordBatch.producerId(batch));
        assertEquals(4, RecordBatch.producerEpoch(batch));
        assertEquals(KafkaSide.read(batch), Batches.read(batch));
        assertFalse(RecordBatch.isControl(Batches.heapBatch(Compression.NONE, Batches.variety())));
    }

    @ParameterizedTest
    @EnumSource
    void kafka_reads_cut_and_inflated_batches(Compression compression) {
        ByteBuf batch = Batches.heapBatch(compression, MANY);
        ByteBuf inflated = RecordBatch.inflate(batch, Batches.LIMITS);
        assertEquals(MANY, KafkaSide.read(inflated));
        inflated.release();
        try (BatchCutter cutter = BatchCutter.open(batch, 100, 590, Batches.LIMITS)) {
            ByteBuf cut = cutter.cut(400, 4 << 20);
            assertEquals(MANY.subList(100, 500), KafkaSide.read(cut));
            cut.release();
        }
    }
}
