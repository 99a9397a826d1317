package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.DeadLetters;
import io.levada.End;
import io.levada.Header;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class TopicCommandTest {
    private final Cli cli = new Cli();

    @Test
    void creates_what_was_asked_for() {
        assertEquals(0, cli.run("topic", "create", "t", "--partitions", "4", "--segment-bytes", "65536"));

        assertEquals(Map.of("t", 4), cli.log.partitions);
        assertEquals(Map.of("segment.bytes", "65536"), cli.log.configs.get("t"));
        assertEquals("created t with 4 partitions\n", cli.err());
        assertEquals("", cli.out());
    }

    @Test
    void a_topic_has_one_partition_unless_said() {
        assertEquals(0, cli.run("topic", "create", "t"));

        assertEquals("created t with 1 partition\n", cli.err());
    }

    @Test
    void settings_are_spelled_as_people_write_them() {
        assertEquals(
                0,
                cli.run(
                        "topic",
                        "create",
                        "t",
                        "--retention",
                        "7d",
                        "--retention-bytes",
                        "10GB",
                        "--segment-bytes",
                        "64MiB",
                        "--compact",
                        "--durability",
                        "os",
                        "--config",
                        "delete.retention.ms=5"));

        assertEquals(
                Map.of(
                        "retention.ms", "604800000",
                        "retention.bytes", "10000000000",
                        "segment.bytes", "67108864",
                        "cleanup.policy", "compact,delete",
                        "durability", "os",
                        "delete.retention.ms", "5"),
                cli.log.configs.get("t"));
    }

    @Test
    void shows_where_a_position_is() {
        cli.run("topic", "create", "t", "--partitions", "2");

        assertEquals(0, cli.run("topic", "offsets", "t", "--at", "offset:7", "--output", "json"));
        assertEquals(
                "{\"topic\":\"t\",\"offsets\":[{\"partition\":0,\"offset\":7},{\"partition\":1,\"offset\":7}]}\n",
                cli.out());
        assertEquals(0, cli.run("topic", "offsets", "t", "--partition", "1"));
        assertEquals("PARTITION  OFFSET\n        1       0\n", cli.out());
        assertEquals(2, cli.run("topic", "offsets", "t", "--at", "noon"));
        assertTrue(cli.err().contains("'noon' is no position"), cli.err());
    }

    @Test
    void alters_what_is_named_and_leaves_the_rest() {
        cli.run("topic", "create", "t", "--retention", "90s", "--segment-bytes", "8192");

        assertEquals(0, cli.run("topic", "alter", "t", "--retention", "forever", "--compact"));
        assertEquals(
                Map.of("retention.ms", "-1", "segment.bytes", "8192", "cleanup.policy", "compact,delete"),
                cli.log.configs.get("t"));
        assertEquals(0, cli.run("topic", "alter", "t", "--no-compact", "--retention-bytes", "unlimited"));
        assertEquals(
                Map.of(
                        "retention.ms", "-1",
                        "retention.bytes", "-1",
                        "segment.bytes", "8192",
                        "cleanup.policy", "delete"),
                cli.log.configs.get("t"));
        assertEquals("altered t\n", cli.err());
    }

    @Test
    void replays_dead_letters_to_where_they_were() {
        cli.log.withTopic("t", 2);
        cli.log.withTopic("dead", 1);
        cli.log.publish("dead", letter("a")).block();
        cli.log.publish("dead", letter("b")).block();
        assertEquals(0, cli.run("topic", "replay", "dead"));
        assertEquals("replayed 2 records of dead\n", cli.err());
        List<StoredRecord> back = Objects.requireNonNull(
                cli.log.read(ReadSpec.of("t").to(End.now())).collectList().block());
        assertEquals(
                List.of("a", "b"), back.stream().map(StoredRecord::valueUtf8).toList());
        assertEquals(1, back.get(0).partition());
        assertEquals(1, cli.run("topic", "replay", "none"));
        cli.log.publish("dead", Record.ofValue("c")).block();
        assertEquals(1, cli.run("topic", "replay", "dead"));
        assertTrue(cli.err().startsWith("INVALID_REQUEST: dead-0@"), cli.err());
    }

    private static Record letter(String value) {
        return Record.ofValue(value)
                .withHeaders(List.of(
                        Header.of(DeadLetters.TOPIC, "t"),
                        Header.of(DeadLetters.PARTITION, "1"),
                        Header.of(DeadLetters.TIMESTAMP, "5")));
    }

    @Test
    void gives_a_topic_more_partitions() {
        cli.log.withTopic("t", 1);
        assertEquals(0, cli.run("topic", "alter", "t", "--partitions", "7", "--output", "json"));
        assertTrue(cli.out().contains("{\"partition\":6,"), cli.out());
    }

    @Test
    void a_setting_that_is_none_is_told() {
        for (String time : new String[] {"soon", "7", "7x", "-1d", "999999999999999999w"}) {
            assertEquals(1, cli.run("topic", "create", "t", "--retention", time), time);
            assertTrue(cli.err().startsWith("INVALID_CONFIG: --retention "), cli.err());
        }
        cli.log.withTopic("t", 1);
        assertEquals(1, cli.run("topic", "alter", "t"));
        assertTrue(cli.err().startsWith("INVALID_CONFIG: nothing to change"), cli.err());
    }

    @Test
    void deletes_records_before_an_offset() {
        cli.log.withTopic("t", 1);
        cli.withInput("a\nb\nc\n").run("publish", "t");

        assertEquals(0, cli.run("topic", "delete-records", "t", "--partition", "0", "--before", "2"));
        assertEquals("t-0 starts at offset 2\n", cli.err());
        assertEquals(2, cli.run("topic", "delete-records", "t", "--partition", "0"));
        cli.run("consume", "t", "--to", "now");
        assertEquals("c\n", cli.out());
    }

    @Test
    void lists_names_one_a_line() {
        cli.log.withTopic("b", 1).withTopic("a", 1);

        assertEquals(0, cli.run("topic", "list"));
        assertEquals("a\nb\n", cli.out());

        assertEquals(0, cli.run("topic", "list", "--output", "json"));
        assertEquals("{\"topics\":[\"a\",\"b\"]}\n", cli.out());
    }

    @Test
    void describes_as_json_with_the_names_that_scripts_use() {
        cli.log.withTopic("t", 2);
        cli.log.configs.put("t", Map.of("segment.bytes", "1048576", "a", "b"));

        assertEquals(0, cli.run("--output", "json", "topic", "describe", "t"));

        assertEquals(
                "{\"name\":\"t\",\"id\":\"00000000-0000-0001-0000-000000000002\","
                        + "\"logId\":\"00000000-0000-0001-0000-000000000002\",\"partitions\":["
                        + "{\"partition\":0,\"start\":0,\"end\":0,\"durable\":0,\"bytes\":0},"
                        + "{\"partition\":1,\"start\":0,\"end\":0,\"durable\":0,\"bytes\":0}],"
                        + "\"config\":{\"a\":\"b\",\"segment.bytes\":\"1048576\"}}\n",
                cli.out());
    }

    @Test
    void describes_as_an_aligned_table() {
        cli.log.withTopic("t", 1);
        cli.withInput("x\n".repeat(1000)).run("publish", "t");

        assertEquals(0, cli.run("topic", "describe", "t"));

        assertEquals("""
                t, 1 partition, id 00000000-0000-0001-0000-000000000002
                PARTITION  START   END  DURABLE  BYTES
                        0      0  1000     1000  10000
                """, cli.out());
    }

    @Test
    void deletes() {
        cli.log.withTopic("t", 1);

        assertEquals(0, cli.run("topic", "delete", "t"));
        assertEquals(Map.of(), cli.log.partitions);
        assertEquals(1, cli.run("topic", "delete", "t"));
    }
}
