package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class GroupCommandTest {
    private final Cli cli = new Cli();

    @Test
    void describes_as_json_with_the_names_that_scripts_use() {
        cli.log.withTopic("t", 1);
        cli.log.committed.put("g/t-0", 0L);

        assertEquals(0, cli.run("group", "describe", "g", "--output", "json"));

        assertEquals(
                "{\"group\":\"g\",\"state\":\"Stable\",\"generation\":3,\"members\":["
                        + "{\"member\":\"m1\",\"partitions\":[{\"topic\":\"t\",\"partition\":0}],\"idle\":false},"
                        + "{\"member\":\"m2\",\"partitions\":[],\"idle\":true}],\"offsets\":["
                        + "{\"topic\":\"t\",\"partition\":0,\"committed\":0,\"end\":0,\"lag\":0,\"lagMs\":0}]}\n",
                cli.out());
    }

    @Test
    void describes_as_aligned_tables_with_idle_members_marked() {
        cli.log.withTopic("t", 2);
        cli.log.committed.put("g/t-1", 12L);

        assertEquals(0, cli.run("group", "describe", "g"));

        assertEquals("""
                g, Stable, generation 3

                MEMBER  PARTITIONS
                m1      t-0 t-1
                m2      (idle)

                TOPIC  PARTITION  COMMITTED  END  LAG  LAG-MS
                t              0          -    0    0       0
                t              1         12    0    0       0
                """, cli.out());
    }

    @Test
    void lists_names() {
        cli.log.committed.put("g/t-1", 12L);

        assertEquals(0, cli.run("group", "list"));
        assertEquals("g\n", cli.out());
        assertEquals(0, cli.run("group", "list", "--output", "json"));
        assertEquals("{\"groups\":[\"g\"]}\n", cli.out());
    }

    @Test
    void lag_alone_is_shown_as_a_table_or_as_json() {
        cli.log.withTopic("t", 1);
        cli.log.committed.put("g/t-0", 0L);

        assertEquals(0, cli.run("group", "lag", "g"));
        assertEquals("""
                TOPIC  PARTITION  COMMITTED  END  LAG  LAG-MS
                t              0          0    0    0       0
                """, cli.out());
        assertEquals(0, cli.run("group", "lag", "g", "--output", "json"));
        assertEquals(
                "{\"group\":\"g\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed\":0,\"end\":0,\"lag\":0,"
                        + "\"lagMs\":0}]}\n",
                cli.out());
    }

    @Test
    void resets_a_topic_or_one_partition_of_it_to_a_position() {
        cli.log.withTopic("t", 2);
        cli.log.committed.put("g/t-0", 0L);

        assertEquals(0, cli.run("group", "reset", "g", "--topic", "t", "--to", "earliest"), cli.err());
        assertEquals(0, cli.run("group", "reset", "g", "--topic", "t", "--partition", "1", "--to", "offset:7"));
        assertEquals(List.of("g t null earliest", "g t 1 offset:7"), cli.log.resets);
        Instant before = Instant.now().minusSeconds(7_200);
        assertEquals(0, cli.run("group", "reset", "g", "--topic", "t", "--to", "ago:2h"));
        Instant asked = Instant.parse(cli.log.resets.get(2).substring("g t null time:".length()));
        assertFalse(asked.isBefore(before) || asked.isAfter(Instant.now().minusSeconds(7_200)), asked.toString());
    }

    @Test
    void a_group_with_members_stays() {
        assertEquals(1, cli.run("group", "delete", "g"));

        assertEquals("NON_EMPTY_GROUP: group g has members\n", cli.err());
    }
}
