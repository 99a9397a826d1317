package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Assignment;
import io.levada.End;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicDescription;
import io.levada.TopicSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** {@code levada copy} between logs on disk. */
class CopyTest {
    @TempDir
    private Path directory = Path.of("");

    private String old() {
        return "file:" + directory.resolve("old");
    }

    private String other() {
        return "file:" + directory.resolve("new");
    }

    private Program copy(String... more) {
        List<String> args = new ArrayList<>(List.of("copy", "--from", old(), "--to", other()));
        args.addAll(List.of(more));
        return Program.run(args.toArray(String[]::new));
    }

    private static void fill(Levada log, String topic, int from, int to) {
        log.publish(topic, Flux.range(from, to - from).map(CopyTest::record)).blockLast();
    }

    private static Record record(int number) {
        return Record.of(number % 7 == 0 ? null : "key " + number % 5, number % 11 == 0 ? null : "value " + number)
                .withHeaders(
                        number % 3 == 0
                                ? List.of()
                                : List.of(new Header("h", new byte[] {1, (byte) number}), new Header("h", null)))
                .withTimestampMs(1_700_000_000_000L + number)
                .withPartition(number % 2);
    }

    private static List<StoredRecord> read(Levada log, String topic) {
        return Flux.range(0, log.blocking().describeTopic(topic).partitions().size())
                .concatMap(partition ->
                        log.read(ReadSpec.of(topic).partition(partition).to(End.now())))
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    @Test
    void copies_records_settings_and_places_of_groups_and_says_so() {
        try (Levada log = Levada.open(old())) {
            log.blocking()
                    .createTopic(
                            TopicSpec.of("t").partitions(2).config(Map.of("retention.ms", "-1", "durability", "os")));
            fill(log, "t", 0, 1_000);
            log.blocking().createTopic(TopicSpec.of("empty"));
            commit(log, "g", "t", 123);
        }

        Program copied = copy();

        assertEquals(0, copied.code(), copied::err);
        assertTrue(copied.out().contains("t               2     1000    1000  the same"), copied::out);
        assertTrue(copied.err().contains("places of 1 group"), copied::err);
        try (Levada log = Levada.open(old());
                Levada target = Levada.open(other())) {
            assertEquals(read(log, "t"), read(target, "t"));
            assertEquals(
                    log.blocking().describeTopic("t").config(),
                    target.blocking().describeTopic("t").config());
            assertEquals(committed(log), committed(target));
            assertEquals(List.of("empty", "t"), target.blocking().topics());
        }
    }

    private static List<String> committed(Levada log) {
        return log.blocking().describeGroup("g").offsets().stream()
                .map(each -> each.topic() + each.partition() + " " + each.committed() + " " + each.metadata())
                .toList();
    }

    /** Has a group commit an offset in each partition, with something to remember. */
    private static void commit(Levada log, String group, String topic, long offset) {
        int partitions = log.blocking().describeTopic(topic).partitions().size();
        log.group(group)
                .subscribe(List.of(topic), MemberOptions.defaults())
                .concatMap((Assignment each) -> each.commit(offset, "note").thenReturn(each))
                .take(partitions)
                .then()
                .block(Duration.ofSeconds(30));
    }

    @Test
    void what_came_since_is_all_that_is_copied_the_next_time() {
        try (Levada log = Levada.open(old())) {
            log.blocking().createTopic(TopicSpec.of("t").partitions(2));
            fill(log, "t", 0, 100);
        }
        assertEquals(0, copy("t").code());
        try (Levada log = Levada.open(old())) {
            fill(log, "t", 100, 130);
        }

        String json = copy("t", "--output", "json").out();

        assertTrue(json.contains("\"records\":130,\"copied\":30,\"sameOffsets\":true"), json);
        try (Levada log = Levada.open(old());
                Levada copied = Levada.open(other())) {
            assertEquals(read(log, "t"), read(copied, "t"));
        }
    }

    @Test
    void where_records_were_deleted_offsets_are_others_and_groups_are_where_they_were() {
        try (Levada log = Levada.open(old())) {
            log.blocking().createTopic(TopicSpec.of("t"));
            log.publish("t", Flux.range(0, 50).map(number -> Record.ofValue("v" + number)))
                    .blockLast();
            log.blocking().deleteRecords("t", 0, 10);
            commit(log, "g", "t", 30);
        }

        Program first = copy();
        assertEquals(0, first.code(), first::err);
        assertTrue(first.out().contains("others"), first::out);
        try (Levada copied = Levada.open(other())) {
            assertEquals(
                    20, copied.blocking().describeGroup("g").offsets().get(0).committed());
            StoredRecord next = Objects.requireNonNull(
                    copied.read(ReadSpec.of("t").from(Position.offset(20))).blockFirst());
            assertEquals("v30", next.valueUtf8());
        }

        assertEquals(0, copy().code()); // and again, by counting
        try (Levada copied = Levada.open(other())) {
            assertEquals(40, read(copied, "t").size());
        }
    }

    @Test
    void other_records_at_the_target_are_left_alone() {
        try (Levada log = Levada.open(old());
                Levada copied = Levada.open(other())) {
            for (Levada each : List.of(log, copied)) {
                each.blocking().createTopic(TopicSpec.of("t"));
            }
            log.publish("t", Record.ofValue("ours")).block();
            copied.publish("t", Record.ofValue("theirs")).block();
        }

        Program refused = copy();

        assertEquals(1, refused.code());
        assertTrue(refused.err().startsWith("INVALID_REQUEST: t-0 has 1 records"), refused::err);
        try (Levada copied = Levada.open(other())) {
            assertEquals("theirs", read(copied, "t").get(0).valueUtf8());
        }
    }

    @Test
    void partitions_that_do_not_fit_and_topics_that_are_not_there_are_told() {
        try (Levada log = Levada.open(old());
                Levada copied = Levada.open(other())) {
            log.blocking().createTopic(TopicSpec.of("t").partitions(2));
            copied.blocking().createTopic(TopicSpec.of("t").partitions(3));
        }

        Program refused = copy();
        assertEquals(1, refused.code());
        assertTrue(refused.err().startsWith("INVALID_PARTITIONS: t has 2 partitions here and 3 there"), refused::err);
        Program unknown = copy("none");
        assertEquals(1, unknown.code());
        assertTrue(unknown.err().startsWith("UNKNOWN_TOPIC_OR_PARTITION"), unknown::err);
    }

    @Test
    void a_log_is_not_copied_onto_itself() {
        Program refused = Program.run("copy", "--from", old(), "--to", old());

        assertEquals(1, refused.code());
        assertTrue(refused.err().startsWith("INVALID_REQUEST: --from and --to are the same"), refused::err);
    }

    @Test
    void goes_on_where_it_was_killed() throws Exception {
        try (Levada log = Levada.open(old())) {
            log.blocking().createTopic(TopicSpec.of("t").partitions(2));
            fill(log, "t", 0, 300_000);
        }
        try (ServeProcess server = ServeProcess.start(directory.resolve("new"));
                Levada target = Levada.open(server.address())) {
            long had = 0;
            for (int kill = 0; kill < 3; kill++) {
                had = copyUntilKilled(server.address(), target, had);
            }
            assertTrue(had < 300_000, "nothing was left to be copied");

            Program last = Program.run("copy", "--from", old(), "--to", server.address());

            assertEquals(0, last.code(), last::err);
            try (Levada log = Levada.open(old())) {
                assertEquals(read(log, "t"), read(target, "t"));
            }
        }
    }

    /** Has another process copy, and kills it with SIGKILL once more has come; gives how much is there then. */
    private long copyUntilKilled(String address, Levada target, long had) throws Exception {
        Process copying = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "copy",
                        "--from",
                        old(),
                        "--to",
                        address)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("copy.log").toFile())
                .start();
        while (durable(target) <= had && copying.isAlive()) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        copying.destroyForcibly().waitFor();
        return durable(target);
    }

    /** How many records are there; 0 where there is no topic yet. */
    private static long durable(Levada log) {
        return log.topics()
                .describe("t")
                .map(topic -> topic.partitions().stream()
                        .mapToLong(TopicDescription.PartitionDescription::durable)
                        .sum())
                .onErrorReturn(LevadaException.class, 0L)
                .blockOptional()
                .orElseThrow();
    }
}
