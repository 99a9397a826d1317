package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Dropped;
import io.levada.Filter;
import io.levada.Match;
import io.levada.Overflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ConsumeCommandTest {
    private final Cli cli = new Cli();

    private void publish(String text) {
        cli.log.withTopic("t", 2);
        assertEquals(0, cli.withInput(text).run("publish", "t", "--key-delimiter", ","));
    }

    @Test
    void prints_values_up_to_now() {
        publish("a,1\nb,2\n3\n");

        assertEquals(0, cli.run("consume", "t", "--from", "earliest", "--to", "now"));

        assertEquals("1\n2\n3\n", cli.out());
        assertEquals("", cli.err());
    }

    @Test
    void prints_json_lines() {
        publish("a,1\n2\n");

        cli.run("consume", "t", "--to", "now", "--format", "json");

        assertEquals("""
                {"topic":"t","partition":0,"offset":0,"timestamp":7,"key":"a","value":"1","headers":{}}
                {"topic":"t","partition":0,"offset":1,"timestamp":7,"key":null,"value":"2","headers":{}}
                """, cli.out());
    }

    @Test
    void reads_several_topics() {
        publish("1\n2\n");
        cli.log.withTopic("u", 1);
        cli.withInput("3\n").run("publish", "u");

        cli.run("consume", "t,u", "--to", "now");

        assertEquals("1\n2\n3\n", cli.out().lines().sorted().reduce("", (all, line) -> all + line + "\n"));
    }

    @Test
    void a_policy_for_what_comes_too_fast_is_passed_on_and_what_is_dropped_is_told() {
        publish("1\n");

        assertEquals(0, cli.run("consume", "t", "--overflow", "drop:5", "--to", "now"));
        Overflow overflow = Objects.requireNonNull(cli.log.overflow);
        assertEquals("drop:5", overflow.spelled());
        Objects.requireNonNull(overflow.onDropped()).accept(new Dropped("t", 1, 10, 15));
        assertEquals("dropped 5 of t-1: read them with --partition 1 --from offset:10 --to offset:15\n", cli.err());

        assertEquals(2, cli.run("consume", "t", "--overflow", "keep"));
        assertTrue(cli.err().contains("'keep' is no overflow policy"), cli.err());
        assertEquals(2, cli.run("consume", "t", "--group", "g", "--overflow", "latest"));
        assertTrue(cli.err().contains("--overflow reads without a group"), cli.err());
    }

    @Test
    void ends_after_max_records() {
        publish("1\n2\n3\n");

        assertEquals(0, cli.run("consume", "t", "--max", "2"));

        assertEquals("1\n2\n", cli.out());
    }

    @Test
    void records_deleted_while_it_reads_end_it_with_where_to_go_on_after_what_came_before() {
        publish("1\n2\n3\n");
        cli.log.goneFrom = 1;

        assertEquals(1, cli.run("consume", "t", "--to", "now"));

        assertEquals("1\n", cli.out());
        assertEquals("OFFSET_OUT_OF_RANGE: offsets 1 to 4 of t-0 are gone; go on from offset:5\n", cli.err());
    }

    @Test
    void damage_ends_it_with_its_code_after_what_came_before() {
        publish("1\n2\n3\n");
        cli.log.damagedFrom = 2;

        assertEquals(1, cli.run("consume", "t", "--to", "now"));

        assertEquals("1\n2\n", cli.out());
        assertEquals("CORRUPT_MESSAGE: offset 2 is damaged\n", cli.err());
    }

    @Test
    void a_reader_that_goes_away_ends_it_quietly_and_nothing_unseen_is_committed() {
        publish("1\n2\n3\n");

        assertEquals(0, cli.withReaderThatLeavesAfter(4).run("consume", "t", "--group", "g"));

        assertEquals("1\n2\n", cli.out());
        assertEquals(Map.of(), cli.log.committed);
    }

    @Test
    void a_member_commits_what_it_printed_and_leaves_when_told_to_stop() throws Exception {
        publish("1\n2\n3\n");
        CompletableFuture<Integer> code = CompletableFuture.supplyAsync(() -> cli.run("consume", "t", "--group", "g"));

        await(() -> cli.log.committed.getOrDefault("g/t-0", 0L) == 3);
        assertTrue(cli.shutdown.request());

        assertEquals(0, code.get(10, TimeUnit.SECONDS));
        assertEquals("1\n2\n3\n", cli.out());
        assertEquals("joined as m1, generation 3\n", cli.err());
        assertEquals(List.of("g"), cli.log.left);
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "not within 10 s");
            Thread.onSpinWait();
        }
    }

    @Test
    void a_member_ends_at_now_once_the_group_is_there() {
        publish("1\n2\n3\n");

        assertEquals(0, cli.run("consume", "t", "--group", "g", "--to", "now"));

        assertEquals("1\n2\n3\n", cli.out());
        assertEquals(Map.of("g/t-0", 3L), cli.log.committed);
    }

    @Test
    void a_member_leaves_alone_what_lies_behind_its_end() {
        cli.log.withTopic("t", 1);
        assertEquals(0, cli.withInput("1\n2\n3\n").run("publish", "t"));

        assertEquals(0, cli.run("consume", "t", "--group", "g", "--to", "offset:2"), cli.err());

        assertEquals("1\n2\n", cli.out());
        assertEquals(Map.of("g/t-0", 2L), cli.log.committed);
    }

    @Test
    void says_which_records_it_wants() {
        publish("1\n");

        assertEquals(0, cli.run("consume", "t", "--to", "now", "--key", "a", "--key", "b", "--header", "h=x=y"));
        assertEquals(Filter.byKey(Match.anyOf("a", "b")).withHeader("h", Match.is("x=y")), cli.log.filter);

        String[] grouped = {"consume", "t", "--group", "g", "--max", "1", "--key-prefix", "a", "--header-prefix", "h="};
        assertEquals(0, cli.run(grouped));
        assertEquals(Filter.byKey(Match.prefix("a")).withHeader("h", Match.prefix("")), cli.log.filter);
    }

    @Test
    void a_filter_that_contradicts_itself_or_has_no_name_is_refused() {
        assertEquals(2, cli.run("consume", "t", "--key", "a", "--key-prefix", "a"));
        assertEquals(2, cli.run("consume", "t", "--header", "a=1", "--header-prefix", "a=1"));
        assertEquals(2, cli.run("consume", "t", "--header", "a"));
        assertEquals(2, cli.run("consume", "t", "--max-stall", "30s"), "without a group");
    }

    @Test
    void a_member_with_a_maximum_asks_for_no_more() {
        publish("1\n2\n3\n");

        assertEquals(0, cli.run("consume", "t", "--group", "g", "--max", "2"));

        assertEquals(2, cli.log.mostRequested.get());
        assertEquals(Map.of("g/t-0", 2L), cli.log.committed);
    }
}
