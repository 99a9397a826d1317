package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.DiskFile;
import io.levada.env.Env;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every bit of a segment of 64 KiB, one at a time: detected, told with the batch's own range, neighbours as they were. */
class BitFlipTest {
    private static final int SEGMENT_BYTES = 64 << 10;
    private static final LogConfig CONFIG =
            LogConfig.defaults().withJournal(256 << 10, 2).withAllocator(Batches.UNTRACKED);

    private final Env env = Env.memory();
    private final LogStore store = LogStore.open(env, CONFIG);
    private final List<Batch> batches = new ArrayList<>();
    private byte[] bytes = new byte[0];
    private String path = "";

    /** A batch as it was written, in the segment that is looked at. */
    private record Batch(int position, long offset, long nextOffset, byte[] bytes) {}

    @BeforeEach
    void fill() throws IOException {
        Topic topic = store.createTopic("t", 1, Map.of(TopicSettings.SEGMENT_BYTES, String.valueOf(SEGMENT_BYTES)));
        path = Layout.partitionDirectory(topic.id(), 0) + "/" + Layout.segmentName(0) + Layout.LOG_SUFFIX;
        PartitionLog log = topic.partitions().get(0);
        int filled = 0;
        for (int i = 0; filled < SEGMENT_BYTES; i++) {
            String fits = "value " + i + " ";
            int room = SEGMENT_BYTES - filled;
            ByteBuf batch = Batches.of(fits, fits + "x".repeat(i % 7 * 40));
            int size = batch.readableBytes();
            if (room < 2 * size + 400) {
                batch.release();
                batch = Batches.of("x".repeat(room - overhead(room)));
                size = batch.readableBytes();
                assertEquals(room, size, "the last batch fills the segment");
            }
            Batches.append(log, batch).join();
            filled += size;
        }
        Batches.append(log, Batches.of("in the next segment")).join();
        note();
    }

    /** What a batch of one record needs besides its value, so that it becomes as large as asked. */
    private static int overhead(int room) {
        for (int overhead = 60; overhead < 100; overhead++) {
            ByteBuf batch = Batches.of("x".repeat(room - overhead));
            int size = batch.readableBytes();
            batch.release();
            if (size == room) {
                return overhead;
            }
        }
        throw new AssertionError("no value makes a batch of " + room + " bytes");
    }

    private void note() throws IOException {
        ByteBuffer all = ByteBuffer.allocate(SEGMENT_BYTES);
        try (DiskFile file = env.disk().open(path, false)) {
            assertEquals(SEGMENT_BYTES, file.size());
            file.read(0, all);
        }
        bytes = all.array();
        for (int at = 0; at < SEGMENT_BYTES; ) {
            ByteBuf rest = Unpooled.wrappedBuffer(bytes, at, SEGMENT_BYTES - at);
            int size = RecordBatch.sizeInBytes(rest);
            ByteBuf batch = rest.slice(0, size);
            batches.add(new Batch(
                    at, RecordBatch.baseOffset(batch), RecordBatch.nextOffset(batch), ByteBufUtil.getBytes(batch)));
            at += size;
        }
        assertTrue(batches.size() > 150, batches.size() + " batches");
    }

    @AfterEach
    void end() {
        store.close();
        env.scheduler().close();
    }

    private PartitionLog log() {
        return store.topics().get(0).partitions().get(0);
    }

    @Test
    void every_bit_flipped_is_detected_and_damages_no_other_batch() throws IOException {
        int detected = 0;
        try (DiskFile file = env.disk().open(path, false)) {
            for (int i = 0; i < batches.size(); i++) {
                Batch hit = batches.get(i);
                for (int at = hit.position(); at < hit.position() + hit.bytes().length; at++) {
                    for (int bit = 0; bit < 8; bit++) {
                        file.write(at, ByteBuffer.wrap(new byte[] {(byte) (bytes[at] ^ (1 << bit))}));
                        detected += isDetected(hit) ? 1 : 0;
                        neighbours(i);
                    }
                    file.write(at, ByteBuffer.wrap(new byte[] {bytes[at]}));
                }
            }
        }
        assertEquals(8 * SEGMENT_BYTES, detected);
    }

    private boolean isDetected(Batch hit) {
        try {
            ByteBuf read = log().read(hit.offset(), 1);
            read.release();
            return false;
        } catch (LevadaException e) {
            String range = "offsets " + hit.offset() + " to " + (hit.nextOffset() - 1) + " of ";
            return e.code() == ErrorCode.CORRUPT_MESSAGE
                    && String.valueOf(e.getMessage()).contains(range)
                    && String.valueOf(e.getMessage()).endsWith("can go on at " + hit.nextOffset());
        }
    }

    /** A read that begins before stops before the damage; one behind it is as ever. */
    private void neighbours(int hit) {
        if (hit > 0) {
            same(batches.get(hit - 1), 1 << 10, true);
        }
        if (hit + 1 < batches.size()) {
            same(batches.get(hit + 1), 1, true);
        }
    }

    private void same(Batch batch, int maxBytes, boolean alone) {
        ByteBuf read = log().read(batch.offset(), maxBytes);
        try {
            boolean equal = (!alone || read.readableBytes() == batch.bytes().length)
                    && ByteBufUtil.equals(
                            read, read.readerIndex(), Unpooled.wrappedBuffer(batch.bytes()), 0, batch.bytes().length);
            if (!equal) {
                throw new AssertionError("other bytes at offset " + batch.offset());
            }
        } finally {
            read.release();
        }
    }

    @Test
    void control_without_damage_everything_is_delivered() {
        for (Batch batch : batches) {
            assertEquals(false, isDetected(batch));
            same(batch, 1, true);
        }
    }

    @Test
    void a_compressed_batch_is_covered_alike() throws IOException {
        PartitionLog log = store.createTopic("zstd", 1, Map.of()).partitions().get(0);
        ByteBuf batch = Batches.of(
                Batches.UNTRACKED, Compression.ZSTD, 1_000, List.of("a".repeat(300), "b".repeat(300), "c".repeat(300)));
        int size = batch.readableBytes();
        Batches.append(log, batch).join();
        String of = store.topics().stream()
                .filter(topic -> topic.name().equals("zstd"))
                .map(topic -> Layout.partitionDirectory(topic.id(), 0) + "/" + Layout.segmentName(0))
                .findFirst()
                .orElseThrow();
        try (DiskFile file = env.disk().open(of + Layout.LOG_SUFFIX, false)) {
            ByteBuffer before = ByteBuffer.allocate(size);
            file.read(0, before);
            for (int bit = 0; bit < 8 * size; bit++) {
                byte good = before.get(bit / 8);
                file.write(bit / 8, ByteBuffer.wrap(new byte[] {(byte) (good ^ (1 << (bit % 8)))}));
                LevadaException told = assertThrows(LevadaException.class, () -> log.read(1, 100));
                assertEquals(ErrorCode.CORRUPT_MESSAGE, told.code());
                file.write(bit / 8, ByteBuffer.wrap(new byte[] {good}));
            }
        }
    }
}
