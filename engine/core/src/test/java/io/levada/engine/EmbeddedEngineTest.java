package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Token;
import io.levada.TopicDescription;
import io.levada.TopicSpec;
import io.levada.engine.Collected.Reading;
import io.levada.engine.Collected.Writing;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchWriter;
import io.levada.facade.Engine;
import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmbeddedEngineTest {
    private static final Duration BOUND = Duration.ofSeconds(30);

    private static final long PLENTY = Long.MAX_VALUE;

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by the extension
    Path directory;

    private final List<Engine> opened = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // each test opens one first
    private Engine engine;

    private void open(String kind) {
        opened(EmbeddedEngine.open(kind.equals("file:") ? "file:" + directory.resolve("data") : kind));
    }

    private void opened(Engine newEngine) {
        engine = newEngine;
        opened.add(newEngine);
    }

    @AfterEach
    void close() {
        opened.forEach(Engine::close);
    }

    private TopicDescription create(String name, int partitions) {
        return engine.topics()
                .create(TopicSpec.of(name).partitions(partitions))
                .blockOptional(BOUND)
                .orElseThrow();
    }

    /** Writes one batch to a partition and waits until it is durable. */
    private void publish(String topic, int partition, long timestampMs, String... values) {
        Writing writing = new Writing();
        BatchWriter writer = engine.write(topic, writing);
        writer.write(partition, 0, Collected.batch(timestampMs, values));
        writer.complete();
        writing.awaitEnd();
        assertEquals(List.of("open " + partitions(topic), "complete"), writing.events);
        assertEquals(1, writing.acks.size());
    }

    private int partitions(String topic) {
        return engine.topics()
                .describe(topic)
                .blockOptional(BOUND)
                .orElseThrow()
                .partitions()
                .size();
    }

    private Reading read(ReadSpec spec) {
        Reading reading = new Reading();
        engine.read(spec, reading).credit(PLENTY, PLENTY);
        return reading;
    }

    private List<String> readNow(ReadSpec spec) {
        return read(spec.to(End.now())).awaitEnd().records.stream().sorted().toList();
    }

    private static String failure(Runnable call) {
        return assertThrows(LevadaException.class, call::run).line();
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory:", "file:"})
    void what_is_published_is_read_back(String kind) {
        open(kind);
        create("t", 3);
        publish("t", 0, 1, "a", "b");
        publish("t", 2, 1, "c");
        publish("t", 0, 1, "d");
        assertEquals(List.of("0:0=a", "0:1=b", "0:2=d", "2:0=c"), readNow(ReadSpec.of("t")));
        assertEquals(List.of("2:0=c"), readNow(ReadSpec.of("t").partition(2)));
        assertEquals(List.of(), readNow(ReadSpec.of("t").partition(1)));
        TopicDescription topic =
                engine.topics().describe("t").blockOptional(BOUND).orElseThrow();
        assertEquals(3, topic.partitions().get(0).durable());
        assertEquals(3, topic.partitions().get(0).end());
        assertTrue(topic.partitions().get(0).bytes() > 0);
    }

    @Test
    void a_restart_keeps_everything() {
        open("file:");
        TopicDescription before = create("t", 2);
        create("other", 1);
        for (int i = 0; i < 50; i++) {
            publish("t", i % 2, i, "v" + i);
        }
        List<String> records = readNow(ReadSpec.of("t"));
        assertEquals(50, records.size());
        engine.close();
        open("file:");
        TopicDescription after =
                engine.topics().describe("t").blockOptional(BOUND).orElseThrow();
        assertEquals(before.id(), after.id());
        assertEquals(before.logId(), after.logId());
        assertEquals(List.of("other", "t"), engine.topics().list().collectList().block(BOUND));
        assertEquals(records, readNow(ReadSpec.of("t")));
        publish("t", 0, 1, "more");
        assertEquals(List.of("0:25=more"), readNow(ReadSpec.of("t").partition(0).from(Position.offset(25))));
    }

    @Test
    void memory_starts_anew_each_time() {
        open("memory:");
        TopicDescription before = create("t", 1);
        engine.close();
        open("memory:");
        assertEquals(List.of(), engine.topics().list().collectList().block(BOUND));
        assertTrue(!before.logId().equals(create("t", 1).logId()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory:", "file:"})
    void a_live_reader_is_handed_the_memory_that_was_appended(String kind) {
        open(kind);
        create("t", 1);
        Reading reading = read(ReadSpec.of("t"));
        publish("t", 0, 1, "until it is at the tail");
        reading.awaitRecords(1);
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        ByteBuf batch = Collected.batch(1, "a", "b", "c");
        long address = batch.memoryAddress() + batch.readerIndex();
        writer.write(0, 0, batch);
        reading.awaitRecords(4);
        assertEquals(address, reading.addresses.get(reading.addresses.size() - 1));
        writer.cancel();
    }

    @Test
    void a_reader_gets_what_it_asked_for_and_no_more() {
        open("memory:");
        create("t", 2);
        publish("t", 0, 1, "a", "b", "c");
        publish("t", 1, 1, "d", "e", "f");
        Reading reading = new Reading();
        BatchReader reader = engine.read(ReadSpec.of("t").to(End.now()), reading);
        for (int asked = 1; asked <= 5; asked++) {
            reader.credit(1, PLENTY);
            reading.awaitRecords(asked);
            assertEquals(asked, reading.records.size());
        }
        reader.credit(1, PLENTY);
        assertEquals(6, reading.awaitEnd().records.size());
    }

    @Test
    void positions_and_ends_mean_what_they_say() {
        open("memory:");
        create("t", 1);
        publish("t", 0, 1_000, "a", "b");
        publish("t", 0, 2_000, "c", "d");
        ReadSpec all = ReadSpec.of("t");
        assertEquals(List.of("0:1=b", "0:2=c", "0:3=d"), readNow(all.from(Position.offset(1))));
        assertEquals(List.of("0:2=c", "0:3=d"), readNow(all.from(Position.time(Instant.ofEpochMilli(1_001)))));
        assertEquals(List.of(), readNow(all.from(Position.latest())));
        assertEquals(
                List.of("0:0=a", "0:1=b", "0:2=c"), read(all.to(End.offset(3))).awaitEnd().records);
        Reading toTime = read(all.to(End.time(Instant.ofEpochMilli(2_000)))).awaitEnd();
        assertEquals(List.of("0:0=a", "0:1=b"), toTime.records);
        assertEquals(List.of("end 0", "complete"), toTime.events);
        Reading live = read(all.from(Position.latest()).to(End.offset(5)));
        publish("t", 0, 3_000, "e");
        assertEquals(List.of("0:4=e"), live.awaitEnd().records);
    }

    @Test
    void a_token_goes_on_where_it_says_and_only_in_its_own_log_and_topic() {
        open("memory:");
        TopicDescription topic = create("t", 2);
        publish("t", 0, 1, "a", "b");
        publish("t", 1, 1, "c");
        Token token = new Token(topic.logId(), topic.id(), new TreeMap<>(Map.of(0, 1L)));
        assertEquals(List.of("0:1=b", "1:0=c"), readNow(ReadSpec.of("t").from(Position.token(token))));
        Token otherLog = new Token(UUID.randomUUID(), topic.id(), token.next());
        Token otherTopic = new Token(topic.logId(), UUID.randomUUID(), token.next());
        for (Token wrong : List.of(otherLog, otherTopic)) {
            Reading reading = read(ReadSpec.of("t").from(Position.token(wrong))).awaitEnd();
            assertTrue(reading.events.get(0).startsWith("LOG_CHANGED: "), reading.events.toString());
        }
    }

    @Test
    void topics_of_the_engines_own_are_nobodys_to_read() {
        open("memory:");
        for (String name : List.of("__groups", "__producers")) {
            Reading reading = read(ReadSpec.of(name)).awaitEnd();
            assertTrue(reading.events.get(0).startsWith("INVALID_TOPIC_EXCEPTION: "), reading.events.toString());
        }
    }

    @Test
    void an_offset_that_is_not_kept_ends_its_partition_with_what_is() {
        open("memory:");
        create("t", 2);
        publish("t", 0, 1, "a", "b");
        Reading reading =
                read(ReadSpec.of("t").from(Position.offset(1)).to(End.now())).awaitEnd();
        assertEquals(List.of("0:1=b"), reading.records);
        String refused = "end 1 OFFSET_OUT_OF_RANGE: offset 1 of t-1 is not kept; earliest is 0, latest is 0";
        assertTrue(reading.events.contains(refused), reading.events.toString());
        assertEquals("complete", reading.events.get(2));
    }

    @Test
    void deleting_a_topic_ends_its_readers_and_frees_its_name() {
        open("file:");
        TopicDescription first = create("t", 1);
        publish("t", 0, 1, "a");
        Reading reading = read(ReadSpec.of("t")).awaitRecords(1);
        engine.topics().delete("t").block(BOUND);
        reading.awaitEnd();
        assertEquals(List.of("end 0 UNKNOWN_TOPIC_OR_PARTITION: topic t was deleted", "complete"), reading.events);
        assertTrue(read(ReadSpec.of("t")).awaitEnd().events.get(0).startsWith("UNKNOWN_TOPIC_OR_PARTITION: "));
        TopicDescription second = create("t", 1);
        assertTrue(!first.id().equals(second.id()));
        assertEquals(List.of(), readNow(ReadSpec.of("t")));
    }

    @Test
    void topics_that_cannot_be_are_refused_with_a_code_and_a_reason() {
        open("memory:");
        create("taken", 1);
        TopicSpec spec = TopicSpec.of("t");
        assertRefused(TopicSpec.of("taken"), ErrorCode.TOPIC_ALREADY_EXISTS, "taken");
        for (String name : List.of("", ".", "..", "a b", "a/b", "x".repeat(201))) {
            assertRefused(TopicSpec.of(name), ErrorCode.INVALID_TOPIC_EXCEPTION, name);
        }
        assertRefused(TopicSpec.of("__mine"), ErrorCode.INVALID_TOPIC_EXCEPTION, "reserved");
        assertRefused(spec.partitions(0), ErrorCode.INVALID_PARTITIONS, "0");
        assertRefused(spec.partitions(10_001), ErrorCode.INVALID_PARTITIONS, "10000");
        assertRefused(spec.replicationFactor(3), ErrorCode.INVALID_REPLICATION_FACTOR, "kafka://");
        assertRefused(spec.config(Map.of("colour", "red")), ErrorCode.INVALID_CONFIG, "colour");
        assertRefused(spec.config(Map.of("segment.bytes", "many")), ErrorCode.INVALID_CONFIG, "many");
        assertEquals(List.of("taken"), engine.topics().list().collectList().block(BOUND));
        assertTrue(failure(() -> engine.topics().describe("none").block(BOUND))
                .startsWith("UNKNOWN_TOPIC_OR_PARTITION: "));
        assertTrue(
                failure(() -> engine.topics().delete("none").block(BOUND)).startsWith("UNKNOWN_TOPIC_OR_PARTITION: "));
    }

    private void assertRefused(TopicSpec spec, ErrorCode code, String why) {
        String line = failure(() -> engine.topics().create(spec).block(BOUND));
        assertTrue(line.startsWith(code + ": ") && line.contains(why), line);
    }

    @Test
    void readers_that_cannot_be_are_refused() {
        open("memory:");
        create("t", 2);
        assertEquals(
                List.of("UNKNOWN_TOPIC_OR_PARTITION: topic t has partitions 0 to 1, not 2"),
                read(ReadSpec.of("t").partition(2)).awaitEnd().events);
        assertTrue(read(ReadSpec.of("t").from(Position.committed()))
                .awaitEnd()
                .events
                .get(0)
                .startsWith("INVALID_REQUEST: "));
    }

    @Test
    void credit_comes_back_with_acknowledgements() {
        opened(EmbeddedEngine.open(
                "memory:",
                EngineConfig.memory().withWriterCredit(4, EngineConfig.memory().writerBytes())));
        create("t", 2);
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        Collected.await("credit", () -> writing.creditBatches == 4);
        long bytes = writing.creditBytes;
        for (int i = 0; i < 100; i++) {
            int written = i;
            Collected.await("credit", () -> writing.creditBatches > written);
            writer.write(i % 2, i, Collected.batch(1, "v" + i));
        }
        writing.awaitAcks(100);
        writer.complete();
        writing.awaitEnd();
        assertEquals(List.of("open 2", "complete"), writing.events);
        assertTrue(writing.creditBytes > bytes);
        IntStream.range(0, 100).forEach(i -> assertTrue(writing.acks.contains(i + "@" + i / 2), "batch " + i));
    }

    @Test
    void a_writer_that_breaks_a_rule_is_ended_with_the_reason() {
        open("memory:");
        create("t", 1);
        assertWriteFails("none", 0, Collected.batch(1, "a"), "UNKNOWN_TOPIC_OR_PARTITION: there is no topic 'none'");
        assertWriteFails("__groups", 0, Collected.batch(1, "a"), "INVALID_TOPIC_EXCEPTION: ");
        assertWriteFails("t", 1, Collected.batch(1, "a"), "UNKNOWN_TOPIC_OR_PARTITION: topic t has no partition 1");
        ByteBuf damaged = Collected.batch(1, "a");
        damaged.setByte(damaged.writerIndex() - 1, 'x');
        assertWriteFails("t", 0, damaged, "CORRUPT_MESSAGE: ");
        assertEquals(List.of(), readNow(ReadSpec.of("t")), "nothing of it was appended");
    }

    private void assertWriteFails(String topic, int partition, ByteBuf batch, String reason) {
        Writing writing = new Writing();
        engine.write(topic, writing).write(partition, 0, batch);
        writing.awaitEnd();
        String last = writing.events.get(writing.events.size() - 1);
        assertTrue(last.startsWith(reason), last);
        assertEquals(0, batch.refCnt(), "the buffer was given away");
    }

    @Test
    void a_record_over_the_limit_is_refused_and_the_limit_can_be_set() {
        EngineConfig config = EngineConfig.memory();
        opened(EmbeddedEngine.open("memory:", config.withLimits(config.limits().withMaxRecordBytes(2_000))));
        create("t", 1);
        assertWriteFails("t", 0, Collected.batch(1, "x".repeat(3_000)), "MESSAGE_TOO_LARGE: ");
        publish("t", 0, 1, "x".repeat(1_900));
    }

    @Test
    void writing_beyond_the_credit_ends_the_stream() {
        opened(EmbeddedEngine.open(
                "memory:",
                EngineConfig.memory().withWriterCredit(1, EngineConfig.memory().writerBytes())));
        create("t", 1);
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        for (int i = 0; i < 10_000 && !writing.ended; i++) {
            writer.write(0, i, Collected.batch(1, "a"));
        }
        writing.awaitEnd();
        assertTrue(writing.events.get(1).startsWith("THROTTLED: "), writing.events.toString());
    }

    @Test
    void closing_acknowledges_what_was_written_and_ends_streams_with_going_away() {
        open("file:");
        create("t", 1);
        Reading reading = read(ReadSpec.of("t"));
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        for (int i = 0; i < 50; i++) {
            writer.write(0, i, Collected.batch(1, "v" + i));
        }
        engine.close();
        assertEquals(50, writing.acks.size());
        assertTrue(writing.events.get(1).startsWith("GOING_AWAY: "), writing.events.toString());
        assertTrue(reading.events.get(0).startsWith("GOING_AWAY: "), reading.events.toString());
        assertTrue(read(ReadSpec.of("t")).awaitEnd().events.get(0).startsWith("GOING_AWAY: "));
        Writing late = new Writing();
        engine.write("t", late).cancel();
        assertTrue(late.awaitEnd().events.get(0).startsWith("GOING_AWAY: "));
        TestMember lateMember = new TestMember(engine::join, "g", "late", Position.earliest(), "t");
        assertEquals(
                List.of("error GOING_AWAY", "error GOING_AWAY"), lateMember.heard, "as a member and as its reader");
        assertTrue(failure(() -> engine.topics().create(TopicSpec.of("u")).block(BOUND))
                .startsWith("GOING_AWAY: "));
        engine.close();
        open("file:");
        assertEquals(50, readNow(ReadSpec.of("t")).size());
    }

    @Test
    void no_thread_outlives_its_engine() {
        open("memory:");
        create("t", 1);
        assertTrue(levadaThreads() > 0);
        engine.close();
        assertEquals(0, levadaThreads());
    }

    private static long levadaThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.isAlive() && thread.getName().startsWith("levada-"))
                .filter(thread -> !thread.getName().equals("levada-close"))
                .count();
    }

    @Test
    void a_directory_in_use_is_refused_and_the_one_who_has_it_goes_on() {
        open("file:");
        create("t", 1);
        String line = failure(() -> EmbeddedEngine.open("file:" + directory.resolve("data")));
        assertTrue(line.contains("in use"), line);
        publish("t", 0, 1, "a");
    }

    @Test
    void addresses_are_relative_or_absolute_directories_or_memory() {
        assertEquals(Path.of("data"), StoreAddress.parse("file:data").directory());
        assertEquals(Path.of("./data"), StoreAddress.parse("file:./data").directory());
        assertEquals(Path.of("/var/data"), StoreAddress.parse("file:/var/data").directory());
        assertEquals(
                Path.of("/var/data"), StoreAddress.parse("file:///var/data").directory());
        assertEquals(null, StoreAddress.parse("memory:").directory());
        for (String wrong : List.of("file:", "file://host/data", "memory:x", "kafka://h:1", "data", "file:a\0b")) {
            assertTrue(failure(() -> StoreAddress.parse(wrong)).startsWith("INVALID_REQUEST: "), wrong);
        }
    }

    @Test
    void the_facade_finds_the_engine_by_its_address() {
        try (Levada levada = Levada.open("memory:")) {
            levada.topics().create(TopicSpec.of("t")).block(BOUND);
            assertEquals(List.of("t"), levada.topics().list().collectList().block(BOUND));
        }
    }

    @Test
    void the_defaults_are_these() {
        EngineConfig config = EngineConfig.defaults();
        assertEquals(256, config.writerBatches());
        assertEquals(8 << 20, config.writerBytes());
        assertEquals(1 << 20, config.limits().maxRecordBytes());
        assertEquals(1, config.writerLoops());
        assertThrows(LevadaException.class, () -> config.withWriterCredit(0, 8 << 20));
        assertThrows(LevadaException.class, () -> config.withWriterCredit(1, 1));
    }
}
