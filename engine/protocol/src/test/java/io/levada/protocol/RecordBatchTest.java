package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordBatchTest {
    private static final UUID TOPIC = new UUID(0x0123456789abcdefL, 0xfedcba9876543210L);

    @ParameterizedTest
    @EnumSource
    void every_damaged_byte_is_noticed_or_lies_outside_the_checksum(Compression compression) {
        List<StoredRecord> records = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            records.addAll(Batches.variety()); // repeats, so that every codec has something to save
        }
        ByteBuf batch = Batches.heapBatch(compression, records);
        assertEquals(compression, RecordBatch.compression(batch));
        HeaderChecksum.stamp(TOPIC, 3, 12345, batch);
        for (int at = 0; at < batch.readableBytes(); at++) {
            int bit = at % 8;
            batch.setByte(at, batch.getByte(at) ^ (1 << bit));
            boolean outside = at < RecordBatch.LENGTH_OFFSET
                    || (at >= RecordBatch.LEADER_EPOCH_OFFSET && at < RecordBatch.MAGIC_OFFSET);
            boolean noticed = failsToValidate(batch);
            assertTrue(noticed || outside, "byte " + at);
            assertTrue(noticed || !HeaderChecksum.matches(TOPIC, 3, batch), "header, byte " + at);
            batch.setByte(at, batch.getByte(at) ^ (1 << bit));
        }
        RecordBatch.validate(batch, Batches.LIMITS);
        assertTrue(HeaderChecksum.matches(TOPIC, 3, batch));
    }

    private static boolean failsToValidate(ByteBuf batch) {
        try {
            RecordBatch.validate(batch, Batches.LIMITS);
            return false;
        } catch (LevadaException e) {
            assertEquals(ErrorCode.CORRUPT_MESSAGE, e.code());
            return true;
        }
    }

    @ParameterizedTest
    @EnumSource
    void damage_under_a_right_crc_is_noticed_or_harmless(Compression compression) {
        // Whoever writes the batch writes the CRC: what stands behind it must be safe to walk whatever it is.
        Random random = new Random(11);
        ByteBuf whole = Batches.heapBatch(compression, Batches.random(random, 40));
        for (int i = 0; i < 500; i++) {
            ByteBuf batch = Batches.heap(whole);
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                int at = RecordBatch.ATTRIBUTES_OFFSET
                        + random.nextInt(batch.readableBytes() - RecordBatch.ATTRIBUTES_OFFSET);
                batch.setByte(at, random.nextInt());
            }
            RecordBatch.seal(batch);
            try {
                RecordBatch.validate(batch, Batches.LIMITS);
            } catch (LevadaException e) {
                assertTrue(e.code() == ErrorCode.CORRUPT_MESSAGE || e.code() == ErrorCode.MESSAGE_TOO_LARGE);
                continue;
            }
            assertEquals(RecordBatch.recordCount(batch), Batches.read(batch).size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void every_truncation_is_noticed(Compression compression) {
        ByteBuf whole = Batches.heapBatch(compression, Batches.variety());
        for (int length = 0; length < whole.readableBytes(); length++) {
            ByteBuf cut = whole.slice(0, length);
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(cut, Batches.LIMITS));
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordCursor.open(cut, Batches.LIMITS));
            if (length >= RecordBatch.HEADER_BYTES) {
                ByteBuf sealed = Batches.heap(cut);
                RecordBatch.seal(sealed);
                Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(sealed, Batches.LIMITS));
            }
        }
    }

    @Test
    void bytes_behind_the_batch_are_noticed() {
        ByteBuf longer = Unpooled.buffer().writeBytes(batch()).writeByte(0);
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(longer, Batches.LIMITS));
        RecordBatch.seal(longer);
        LevadaException error =
                Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(longer, Batches.LIMITS));
        assertEquals("1 bytes behind the last record", error.getMessage());
    }

    @Test
    void lengths_that_no_batch_has_are_refused() {
        for (int length : new int[] {-1, 0, 48, Integer.MIN_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE - 11}) {
            ByteBuf batch = batch().setInt(RecordBatch.LENGTH_OFFSET, length);
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.sizeInBytes(batch));
        }
        ByteBuf prefix = batch().slice(0, RecordBatch.PREFIX_BYTES);
        assertEquals(batch().readableBytes(), RecordBatch.sizeInBytes(prefix));
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.sizeInBytes(prefix.slice(0, 11)));
    }

    @Test
    void a_header_that_contradicts_itself_is_refused() {
        refused(batch -> batch.setByte(RecordBatch.MAGIC_OFFSET, 1));
        refused(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, -1));
        refused(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, Integer.MAX_VALUE));
        refused(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, 5));
        refused(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, 7));
        refused(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, Integer.MAX_VALUE)
                .setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, Integer.MAX_VALUE));
        refused(batch -> batch.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, -1));
        refused(batch -> batch.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, 4));
        refused(batch -> batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, 5));
        refused(batch -> batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, 0x80));
        refused(batch -> batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, Compression.ZSTD.id()));
        refused(batch -> batch.setLong(RecordBatch.BASE_OFFSET_OFFSET, -1));
        refused(batch -> batch.setLong(RecordBatch.BASE_OFFSET_OFFSET, Long.MAX_VALUE - 5));
        ByteBuf last = batch();
        RecordBatch.stamp(last, Long.MAX_VALUE - 6, 0);
        RecordBatch.validate(last, Batches.LIMITS); // the control: six records, up to the last offset there can be
    }

    private static void refused(Consumer<ByteBuf> damage) {
        ByteBuf batch = batch();
        damage.accept(batch);
        RecordBatch.seal(batch);
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(batch, Batches.LIMITS));
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validatePublished(batch, Batches.LIMITS));
    }

    @Test
    void stored_batches_may_have_holes_and_be_empty_but_published_ones_may_not() {
        ByteBuf holes = batch().setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, 9);
        RecordBatch.seal(holes);
        RecordBatch.validate(holes, Batches.LIMITS);
        assertEquals(10, RecordBatch.nextOffset(holes));
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validatePublished(holes, Batches.LIMITS));

        ByteBuf empty = Batches.heap(batch().slice(0, RecordBatch.HEADER_BYTES)).setInt(RecordBatch.COUNT_OFFSET, 0);
        RecordBatch.seal(empty);
        RecordBatch.validate(empty, Batches.LIMITS);
        assertEquals(List.of(), Batches.read(empty));
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validatePublished(empty, Batches.LIMITS));
    }

    @Test
    void what_publishers_may_not_say_is_refused() {
        for (int flag : new int[] {
            RecordBatch.APPEND_TIME_FLAG,
            RecordBatch.TRANSACTIONAL_FLAG,
            RecordBatch.CONTROL_FLAG,
            RecordBatch.DELETE_HORIZON_FLAG
        }) {
            ByteBuf batch = batch().setShort(RecordBatch.ATTRIBUTES_OFFSET, flag);
            RecordBatch.seal(batch);
            RecordBatch.validate(batch, Batches.LIMITS);
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> RecordBatch.validatePublished(batch, Batches.LIMITS));
        }
        ByteBuf later = batch();
        later.setLong(RecordBatch.MAX_TIMESTAMP_OFFSET, RecordBatch.maxTimestamp(later) + 1);
        RecordBatch.seal(later);
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validatePublished(later, Batches.LIMITS));
        RecordBatch.validatePublished(batch(), Batches.LIMITS);
    }

    @Test
    void a_producer_comes_with_epoch_and_sequence_or_not_at_all() {
        ByteBuf batch = batch();
        RecordBatch.setProducer(batch, 5, (short) 2, Integer.MAX_VALUE);
        RecordBatch.validatePublished(batch, Batches.LIMITS);
        assertEquals(5, RecordBatch.producerId(batch));
        assertEquals(2, RecordBatch.producerEpoch(batch));
        assertEquals(Integer.MAX_VALUE, RecordBatch.baseSequence(batch));
        assertEquals(1, RecordBatch.nextSequence(Integer.MAX_VALUE, 2));
        RecordBatch.setProducer(batch, -1, (short) -1, -1);
        RecordBatch.validatePublished(batch, Batches.LIMITS);
        for (int[] wrong : new int[][] {{5, -1, 0}, {5, 0, -1}, {-1, 0, 0}, {-2, 0, 0}}) {
            RecordBatch.setProducer(batch, wrong[0], (short) wrong[1], wrong[2]);
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> RecordBatch.validatePublished(batch, Batches.LIMITS));
        }
    }

    @Test
    void offsets_must_ascend_one_by_one() {
        // Two records of 7 bytes; the offset delta is the fourth byte of each.
        ByteBuf batch = Batches.heapBatch(
                Compression.NONE, List.of(Batches.record(0, 5, null, null), Batches.record(1, 5, null, null)));
        int second = RecordBatch.HEADER_BYTES + RecordCursor.MIN_RECORD_BYTES;
        for (int zigzag : new int[] {0, 1, 4}) {
            ByteBuf wrong = Batches.heap(batch).setByte(second + 3, zigzag);
            RecordBatch.seal(wrong);
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(wrong, Batches.LIMITS));
        }
        assertEquals(2, batch.getByte(second + 3));
        RecordBatch.validatePublished(batch, Batches.LIMITS);
    }

    @Test
    void limits_are_kept() {
        ByteBuf batch = Batches.heapBatch(
                Compression.NONE,
                List.of(Batches.record(0, 5, null, new byte[2_000]), Batches.record(1, 5, null, null)));
        Limits small = new Limits(1 << 10, 4 << 10, 4 << 10, 0, 1 << 10);
        RecordBatch.validate(batch, small);
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> RecordBatch.validatePublished(batch, small));
        RecordBatch.validatePublished(batch, small.withMaxRecordBytes(2 << 10));
        Batches.assertFails(
                ErrorCode.MESSAGE_TOO_LARGE, () -> RecordBatch.validate(batch, small.withMaxBatchBytes(2_000)));
        Batches.assertFails(
                ErrorCode.MESSAGE_TOO_LARGE,
                () -> RecordBatch.validatePublished(batch, small.withMaxBatchBytes(2_000)));
        ByteBuf headers = batch();
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> RecordBatch.validatePublished(headers, small));
    }

    @Test
    void stamping_changes_neither_records_nor_validity() {
        ByteBuf batch = batch();
        int crc = RecordBatch.crc(batch);
        RecordBatch.stamp(batch, 1L << 40, 0xcafe);
        RecordBatch.validate(batch, Batches.LIMITS);
        assertEquals(crc, RecordBatch.crc(batch));
        assertEquals(1L << 40, RecordBatch.baseOffset(batch));
        assertEquals(0xcafe, RecordBatch.leaderEpochSlot(batch));
        assertEquals((1L << 40) + 5, RecordBatch.lastOffset(batch));
        assertEquals((1L << 40) + 5, Batches.read(batch).get(5).offset());
    }

    @ParameterizedTest
    @EnumSource
    void the_reader_index_is_where_a_batch_begins_and_stays(Compression compression) {
        ByteBuf shifted = Unpooled.buffer().writeZero(13);
        shifted.writeBytes(Batches.heapBatch(compression, Batches.variety())).readerIndex(13);
        RecordBatch.validatePublished(shifted, Batches.LIMITS);
        HeaderChecksum.stamp(TOPIC, 0, 7, shifted);
        assertTrue(HeaderChecksum.matches(TOPIC, 0, shifted));
        assertEquals(7, RecordBatch.baseOffset(shifted));
        assertEquals(6, Batches.read(shifted).size());
        RecordBatch.inflate(shifted, Batches.LIMITS).release();
        assertEquals(13, shifted.readerIndex());
        ByteBuf parts = Unpooled.wrappedBuffer(
                Batches.heap(shifted.slice(13, 70)), Batches.heap(shifted.slice(83, shifted.writerIndex() - 83)));
        assertTrue(parts.nioBufferCount() > 1);
        RecordBatch.validatePublished(parts, Batches.LIMITS);
        assertEquals(6, Batches.read(parts).size());
    }

    @ParameterizedTest
    @EnumSource
    void inflating_keeps_everything_but_the_codec(Compression compression) {
        List<StoredRecord> records = Batches.random(new Random(3), 300);
        ByteBuf batch = Batches.heapBatch(compression, records);
        ByteBuf inflated = RecordBatch.inflate(batch, Batches.LIMITS);
        RecordBatch.validatePublished(inflated, Batches.LIMITS);
        assertEquals(Compression.NONE, RecordBatch.compression(inflated));
        assertEquals(records, Batches.read(inflated));
        assertEquals(Batches.heapBatch(Compression.NONE, records), inflated);
        inflated.release();
        assertEquals(1, batch.refCnt());
    }

    @Test
    void the_header_checksum_tells_places_apart() {
        ByteBuf batch = batch();
        HeaderChecksum.stamp(TOPIC, 3, 100, batch);
        assertTrue(HeaderChecksum.matches(TOPIC, 3, batch));
        assertDoesNotThrow(() -> RecordBatch.validate(batch, Batches.LIMITS));
        assertEquals(false, HeaderChecksum.matches(TOPIC, 4, batch));
        assertEquals(false, HeaderChecksum.matches(new UUID(1, 2), 3, batch));
        int there = HeaderChecksum.of(TOPIC, 3, batch);
        RecordBatch.stamp(batch, 101, there);
        assertEquals(false, HeaderChecksum.matches(TOPIC, 3, batch));
        assertNotEquals(there, HeaderChecksum.of(TOPIC, 3, batch));
    }

    @Test
    void the_defaults_are_these() {
        assertEquals(new Limits(1 << 20, 4 << 20, 16 << 20, 1_000, 64 << 10), Limits.DEFAULT);
        assertSame(
                ErrorCode.INVALID_CONFIG,
                Batches.assertFails(ErrorCode.INVALID_CONFIG, () -> Limits.DEFAULT.withMaxRecordBytes(8 << 20))
                        .code());
    }

    private static ByteBuf batch() {
        return Batches.heapBatch(Compression.NONE, Batches.variety());
    }
}
