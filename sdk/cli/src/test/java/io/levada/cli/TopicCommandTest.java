package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
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
