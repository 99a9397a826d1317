package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.GroupDescription;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Two tabs of a browser are members of one group. */
@NeedsChromium
final class GroupInBrowserTest {
    private static final int RECORDS = 40_000;
    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** Acknowledges the first {@code acked} records of each partition, in an order of its own. */
    private static final String JOIN = """
            const {connect} = await import('/levada.js');
            window.seen = {first: {}, last: {}, acked: {}, problems: []};
            window.levada = await connect();
            window.member = levada.group('tabs').subscribe(['numbered'], {window: 256});
            const take = async assignment => {
              const {partition} = assignment;
              let n = 0;
              seen.first[partition] = assignment.start;
              let next = assignment.start;
              const waiting = [];
              for await (const record of assignment) {
                if (record.offset !== next) seen.problems.push(`${partition}: ${record.offset} where ${next} follows`);
                seen.last[partition] = next = record.offset + 1;
                waiting.push(record);
                if (n < ACKED && waiting.length === 10) {
                  for (const each of waiting.splice(0).reverse()) assignment.ack(each);
                  n += 10;
                  seen.acked[partition] = next;
                }
              }
            };
            (async () => { for await (const assignment of member) take(assignment); })();
            """;

    @Test
    void tabs_share_the_partitions_and_a_closed_ones_go_on_where_it_acknowledged() {
        try (WebServer server = WebServer.start();
                Numbered topic = Numbered.at(server.tcp());
                Chromium browser = Chromium.start()) {
            browser.open(server.http() + "/healthz");
            String first = browser.tab();
            browser.eval(JOIN.replace("ACKED", "Infinity"));
            browser.until("member.assignments.length === 4", LIMIT);
            browser.openTab(server.http() + "/healthz");
            browser.eval(JOIN.replace("ACKED", "1000"));
            browser.until("member.assignments.length === 2", LIMIT);

            topic.publish(RECORDS).block(LIMIT);
            browser.until("Object.values(seen.acked).filter(acked => acked >= 1000).length === 2", LIMIT);
            browser.until("Object.values(seen.last).every(last => last > 1000)", LIMIT);
            browser.until("member.assignments.every(each => each.committed === seen.acked[each.partition])", LIMIT);
            JsonNode closed = browser.eval("return seen");
            assertEquals(2, closed.get("acked").size());
            assertEquals("[]", closed.get("problems").toString());

            long closedNanos = System.nanoTime();
            browser.closeTab(first);
            browser.until("member.assignments.length === 4", LIMIT);
            System.out.printf(
                    "the closed tab's partitions moved after %,d ms%n", (System.nanoTime() - closedNanos) / 1_000_000);

            browser.until("Object.values(seen.last).filter(last => last === " + RECORDS / 4 + ").length === 4", LIMIT);
            JsonNode seen = browser.eval("return seen");
            assertEquals("[]", seen.get("problems").toString());
            closed.get("acked")
                    .properties()
                    .forEach(acked -> assertEquals(
                            acked.getValue().asLong(),
                            seen.get("first").get(acked.getKey()).asLong(),
                            () -> "partition " + acked.getKey() + " goes on where the closed tab had acknowledged"));
            assertTrue(browser.eval("await member.commit(); return member.assignments.every(each => each.committed === "
                            + RECORDS / 4 + ")")
                    .asBoolean());
            GroupDescription group = topic.levada().blocking().describeGroup("tabs");
            assertEquals(
                    0,
                    group.offsets().stream().mapToLong(offset -> offset.lag()).sum());
        }
    }
}
