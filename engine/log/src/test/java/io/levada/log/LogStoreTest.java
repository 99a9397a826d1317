package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.log.Batches.Read;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.kafka.common.record.internal.FileLogInputStream;
import org.apache.kafka.common.record.internal.FileRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogStoreTest {
    private static final LogConfig CONFIG =
            LogConfig.defaults().withJournal(256 << 10, 4).withWriterLoops(2).withSegmentBytes(64 << 10);

    @TempDir
    Path directory;

    private final List<Env> envs = new ArrayList<>();

    @AfterEach
    void end() {
        envs.forEach(env -> env.scheduler().close());
    }

    private LogStore open() {
        try {
            Env env = Env.real(directory);
            envs.add(env);
            return LogStore.open(env, CONFIG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static PartitionLog partition(LogStore store, String topic, int number) {
        return Objects.requireNonNull(store.topic(topic)).partitions().get(number);
    }

    private static List<String> values(List<Read> records) {
        return records.stream().map(Read::value).toList();
    }

    @Test
    void reads_back_what_was_appended_also_after_a_clean_restart() {
        try (LogStore store = open()) {
            store.createTopic("t", 2, Map.of());
            PartitionLog log = partition(store, "t", 1);
            assertEquals(0, Batches.append(log, Batches.of("a", "b")).join());
            assertEquals(2, Batches.append(log, Batches.of("c")).join());
            assertEquals(3, log.durable());
            assertEquals(3, log.end());
            assertEquals(List.of("a", "b", "c"), values(Batches.readAll(log, 0, 1)));
            assertEquals(List.of("b", "c"), values(Batches.readAll(log, 1, 1 << 20)));
            assertEquals(0, partition(store, "t", 0).durable());
        }
        try (LogStore store = open()) {
            PartitionLog log = partition(store, "t", 1);
            assertEquals(List.of(new Read(0, "a"), new Read(1, "b"), new Read(2, "c")), Batches.readAll(log, 0, 10));
            assertEquals(3, Batches.append(log, Batches.of("d")).join());
            assertEquals(List.of("c", "d"), values(Batches.readAll(log, 2, 1 << 20)));
        }
    }

    @Test
    void appends_at_the_offset_that_was_expected_or_not_at_all() {
        try (LogStore store = open()) {
            store.createTopic("t", 1, Map.of());
            PartitionLog log = partition(store, "t", 0);
            List<CompletableFuture<Long>> appends = List.of(
                    Batches.append(log, 0, Batches.of("a")),
                    Batches.append(log, 1, Batches.of("b")),
                    Batches.append(log, 1, Batches.of("c")),
                    Batches.append(log, 2, Batches.of("d")));
            assertEquals(2, appends.get(3).join());
            LevadaException refused = LevadaException.of(Objects.requireNonNull(
                    assertThrows(CompletionException.class, () -> appends.get(2).join())
                            .getCause()));
            assertEquals(ErrorCode.OFFSET_MISMATCH, refused.code());
            assertTrue(refused.line().endsWith("ends at 2"), refused.line());
            assertEquals(List.of("a", "b", "d"), values(Batches.readAll(log, 0, 100)));
        }
    }

    @Test
    void a_batch_sent_again_after_a_restart_gets_its_first_offset() {
        try (LogStore store = open()) {
            store.createTopic("t", 1, Map.of());
            PartitionLog log = partition(store, "t", 0);
            assertEquals(0, Batches.append(log, numbered(0, "a", "b")).join());
            assertEquals(2, Batches.append(log, Batches.of("of another")).join());
            assertEquals(3, Batches.append(log, numbered(2, "c")).join());
        }
        try (LogStore store = open()) {
            PartitionLog log = partition(store, "t", 0);
            assertEquals(3, Batches.append(log, numbered(2, "c")).join());
            assertEquals(0, Batches.append(log, numbered(0, "a", "b")).join());
            assertEquals(4, Batches.append(log, numbered(3, "d")).join());
            assertEquals(List.of("a", "b", "of another", "c", "d"), values(Batches.readAll(log, 0, 100)));
        }
    }

    private static ByteBuf numbered(int sequence, String... values) {
        ByteBuf batch = Batches.of(values);
        RecordBatch.setProducer(batch, 9, (short) 0, sequence);
        return batch;
    }

    @Test
    void keeps_every_record_of_many_writers_across_rolls_and_journal_files() throws Exception {
        int writers = 4;
        int batches = 150;
        try (LogStore store = open()) {
            store.createTopic("busy", 3, Map.of(TopicSettings.SEGMENT_BYTES, "16384"));
            List<Thread> threads = new ArrayList<>();
            for (int w = 0; w < writers; w++) {
                int writer = w;
                threads.add(new Thread(() -> write(store, writer, batches)));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            checkBusy(store, writers, batches);
        }
        try (LogStore store = open()) {
            checkBusy(store, writers, batches);
        }
        assertTrue(segmentFiles().size() > 20, "segments rolled");
    }

    private static void write(LogStore store, int writer, int batches) {
        List<CompletableFuture<Long>> acks = new ArrayList<>();
        Random random = new Random(writer);
        for (int i = 0; i < batches; i++) {
            String padding = "x".repeat(random.nextInt(1_500));
            acks.add(Batches.append(partition(store, "busy", i % 3), Batches.of(writer + ":" + i + ":" + padding)));
        }
        acks.forEach(CompletableFuture::join);
    }

    private static void checkBusy(LogStore store, int writers, int batches) {
        for (int p = 0; p < 3; p++) {
            List<Read> records = Batches.readAll(partition(store, "busy", p), 0, 8 << 10);
            assertEquals(writers * batches / 3, records.size());
            int[] last = IntStream.range(0, writers).map(w -> -1).toArray();
            for (int i = 0; i < records.size(); i++) {
                assertEquals(i, records.get(i).offset());
                List<String> parts = List.of(records.get(i).value().split(":", -1));
                int writer = Integer.parseInt(parts.get(0));
                int number = Integer.parseInt(parts.get(1));
                assertTrue(number > last[writer], "order of a writer is kept");
                last[writer] = number;
            }
        }
    }

    @Test
    void kafka_reads_every_segment_written() throws Exception {
        keeps_every_record_of_many_writers_across_rolls_and_journal_files();
        long records = 0;
        for (Path file : segmentFiles()) {
            try (FileRecords segment = FileRecords.open(file.toFile())) {
                for (FileLogInputStream.FileChannelRecordBatch batch : segment.batches()) {
                    batch.ensureValid();
                    records += Objects.requireNonNull(batch.countOrNull());
                }
                assertEquals(Files.size(file), segment.sizeInBytes());
            }
        }
        assertEquals(4 * 150, records);
    }

    private List<Path> segmentFiles() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void announces_each_batch_once_in_order_from_the_start_on() {
        try (LogStore store = open()) {
            store.createTopic("t", 1, Map.of());
            PartitionLog log = partition(store, "t", 0);
            Batches.append(log, Batches.of("before")).join();
            List<Long> seen = new ArrayList<>();
            TailRegistration registration = log.onDurable(new TailListener() {
                @Override
                public void started(long durable) {
                    seen.add(-durable);
                }

                @Override
                public void durable(long baseOffset, long nextOffset, ByteBuf batch) {
                    assertEquals(nextOffset, log.durable());
                    seen.add(baseOffset);
                }
            });
            Batches.append(log, Batches.of("x", "y")).join();
            Batches.append(log, Batches.of("z")).join();
            assertEquals(List.of(-1L, 1L, 3L), seen);
            registration.cancel();
            Batches.append(log, Batches.of("after")).join();
            assertEquals(3, seen.size());
        }
    }

    @Test
    void finds_the_offset_of_a_time() {
        try (LogStore store = open()) {
            store.createTopic("t", 1, Map.of(TopicSettings.SEGMENT_BYTES, "4096"));
            PartitionLog log = partition(store, "t", 0);
            for (int i = 0; i < 200; i++) {
                List<String> values = List.of("a" + i, "b" + i, "x".repeat(100));
                Batches.append(log, Batches.of(ByteBufAllocator.DEFAULT, Compression.NONE, 1_000 + i * 10L, values))
                        .join();
            }
            assertEquals(0, log.offsetAt(0));
            assertEquals(0, log.offsetAt(1_000));
            assertEquals(1, log.offsetAt(1_001));
            assertEquals(3, log.offsetAt(1_003));
            assertEquals(301, log.offsetAt(2_001));
            assertEquals(597, log.offsetAt(2_990));
            assertEquals(log.durable(), log.offsetAt(5_000));
        }
    }

    @Test
    void refuses_offsets_that_are_not_kept() {
        try (LogStore store = open()) {
            store.createTopic("t", 1, Map.of());
            PartitionLog log = partition(store, "t", 0);
            Batches.append(log, Batches.of("a")).join();
            assertEquals(0, log.read(1, 100).readableBytes());
            assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, code(() -> log.read(2, 100)));
            assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, code(() -> log.read(-1, 100)));
        }
    }

    private static ErrorCode code(org.junit.jupiter.api.function.Executable action) {
        return assertThrows(LevadaException.class, action).code();
    }

    @Test
    void a_second_engine_is_refused_until_the_first_has_ended() {
        LogStore store = open();
        LevadaException refusal = assertThrows(LevadaException.class, this::open);
        assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
        assertTrue(refusal.line().contains("in use"), refusal.line());
        store.close();
        open().close();
    }

    @Test
    void a_newer_format_is_refused_and_left_as_it_is() throws IOException {
        open().close();
        Path file = directory.resolve(Layout.STORE);
        Env env = Env.real(directory);
        envs.add(env);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        bytes.putInt(4, CheckedFile.FORMAT + 1);
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(0, 20));
        crc.update(bytes.slice(24, bytes.limit() - 24));
        bytes.putInt(20, (int) crc.getValue());
        Files.write(file, bytes.array());
        Files.delete(directory.resolve(Layout.LOCK));
        List<String> before = env.disk().list("");
        assertEquals(ErrorCode.UNSUPPORTED_VERSION, code(this::open));
        assertEquals(before, env.disk().list(""));
    }

    @Test
    void topics_are_made_found_and_deleted_for_good() {
        try (LogStore store = open()) {
            Topic first = store.createTopic("t", 1, Map.of("retention.ms", "5000"));
            assertEquals(ErrorCode.TOPIC_ALREADY_EXISTS, code(() -> store.createTopic("t", 1, Map.of())));
            assertEquals(ErrorCode.INVALID_TOPIC_EXCEPTION, code(() -> store.createTopic("a/b", 1, Map.of())));
            assertEquals(ErrorCode.INVALID_PARTITIONS, code(() -> store.createTopic("u", 0, Map.of())));
            assertEquals(
                    ErrorCode.INVALID_CONFIG,
                    code(() -> store.createTopic("u", 1, Map.of(TopicSettings.SEGMENT_BYTES, "12"))));
            PartitionLog old = first.partitions().get(0);
            Batches.append(old, Batches.of("gone")).join();
            store.deleteTopic("t");
            assertNull(store.topic("t"));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, code(() -> store.deleteTopic("t")));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, code(() -> old.read(0, 10)));
            assertTrue(Batches.append(old, Batches.of("late"))
                    .handle((ok, error) -> error != null)
                    .join());
            Topic second = store.createTopic("t", 2, Map.of());
            assertNotEquals(first.id(), second.id());
        }
        try (LogStore store = open()) {
            Topic topic = Objects.requireNonNull(store.topic("t"));
            assertEquals(2, topic.partitions().size());
            assertEquals(0, topic.partitions().get(0).durable());
        }
    }

    @Test
    void keeps_its_identity_and_settings_across_restarts() {
        LogStore first = open();
        first.createTopic("t", 1, Map.of("retention.ms", "5000"));
        first.close();
        try (LogStore second = open()) {
            assertEquals(first.logId(), second.logId());
            assertEquals(
                    "5000", Objects.requireNonNull(second.topic("t")).config().get("retention.ms"));
            assertNotNull(second.topics().get(0));
        }
    }

    @Test
    void after_closing_everything_is_refused() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        store.close();
        store.close();
        assertEquals(ErrorCode.GOING_AWAY, code(() -> log.read(0, 10)));
        assertTrue(Batches.append(log, Batches.of("late"))
                .handle((ok, error) -> error != null)
                .join());
        assertEquals(ErrorCode.GOING_AWAY, code(() -> store.createTopic("u", 1, Map.of())));
    }

    @Test
    void an_interrupt_does_not_harm_reading() {
        try (LogStore store = open()) {
            PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
            Batches.append(log, Batches.of("a")).join();
            Thread.currentThread().interrupt();
            assertEquals(List.of("a"), values(Batches.readAll(log, 0, 10)));
            assertTrue(Thread.interrupted());
            assertEquals(1, Batches.append(log, Batches.of("b")).join());
            assertEquals(List.of("a", "b"), values(Batches.readAll(log, 0, 10)));
        }
    }

    @Test
    void a_store_in_memory_works_alike() {
        Env env = Env.memory();
        envs.add(env);
        try (LogStore store = LogStore.open(env, LogConfig.memory())) {
            PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
            Batches.append(log, Batches.of("a", "b")).join();
            assertEquals(List.of("a", "b"), values(Batches.readAll(log, 0, 10)));
        }
        assertFalse(Files.exists(directory.resolve(Layout.STORE)));
    }
}
