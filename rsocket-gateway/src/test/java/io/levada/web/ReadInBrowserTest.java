package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.Compression;
import io.levada.main.ServeProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A page in a real browser reads a real server: all of it, in order, once, never more than it permitted, whatever the loop,
 * the publisher and the server do meanwhile. What came and what was permitted is counted on the page's sockets, not by the client.
 */
@NeedsChromium
@Tag("long")
final class ReadInBrowserTest {
    private static final int RECORDS = Integer.getInteger("levada.browser.records", 1_000_000);
    private static final int KILLS = 10;
    private static final int WINDOW = 4_096;
    private static final Duration LIMIT = Duration.ofMinutes(4);

    /** What a page may hold beyond what it held before, while its loop sleeps: its window of a MiB, twice over, and as much for the rest. */
    private static final long SLEEPING_BYTES = 4 << 20;

    @TempDir
    Path store;

    @Test
    void reads_a_million_records_over_ten_kills_of_the_server_without_gap_or_duplicate() throws Exception {
        ServeProcess server = ServeProcess.start(store);
        int port = port(server.address());
        int httpPort = port(server.http());
        try (Numbered topic = Numbered.at(server.address());
                Chromium browser = Chromium.start()) {
            browser.open(server.http() + "/healthz");
            start(browser, "{window: " + WINDOW + ", pauses: 0.05}");
            CompletableFuture<Void> published = topic.publish(RECORDS).toFuture();
            for (int kill = 1; kill <= KILLS; kill++) {
                long target = (long) RECORDS * kill / (KILLS + 1);
                browser.until("trial.seen.count >= " + target + " || trial.seen.problems.length", LIMIT);
                server.kill();
                server = ServeProcess.start(store, port, httpPort);
            }
            browser.until("trial.seen.count >= " + RECORDS + " || trial.seen.problems.length", LIMIT);
            published.get(LIMIT.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);

            JsonNode seen = seen(browser);
            assertAllInOrder(seen, RECORDS);
            assertTrue(seen.get("sockets").asInt() > KILLS, seen::toString);
            assertTrue(seen.get("demand").asInt() <= WINDOW, seen::toString);
            assertTrue(seen.get("held").asInt() > 0, seen::toString);
        } finally {
            server.close();
        }
    }

    @Test
    void a_loop_that_sleeps_holds_its_window_while_the_server_publishes_at_full_rate() {
        try (WebServer server = WebServer.start();
                Numbered topic = Numbered.at(server.tcp());
                Chromium browser = Chromium.start()) {
            browser.open(server.http() + "/healthz");
            start(browser, "{}");
            topic.publish(RECORDS / 5).block(LIMIT);
            browser.until("trial.seen.count === " + topic.acknowledged());
            browser.eval("trial.seen.asleep = true");

            long before = held(browser);
            topic.publish(RECORDS / 2).block(LIMIT);
            long asleep = held(browser) - before;
            JsonNode seen = seen(browser);
            System.out.printf(
                    "asleep: the page holds %,d bytes more while %,d of 100 bytes are published; it had %s permitted%n",
                    asleep, RECORDS / 2, seen.get("demand"));
            assertTrue(asleep < SLEEPING_BYTES, asleep + " bytes more");
            assertTrue(seen.get("came").asLong() <= seen.get("permitted").asLong(), seen::toString);
            assertTrue(seen.get("came").asInt() < topic.acknowledged(), seen::toString);

            browser.eval("trial.seen.asleep = false");
            browser.until("trial.seen.count === " + topic.acknowledged() + " || trial.seen.problems.length", LIMIT);
            assertAllInOrder(seen(browser), topic.acknowledged());
        }
    }

    /** That what a page holds is seen: the bound above is not that of a blind eye. */
    @Test
    void a_page_that_keeps_what_it_reads_is_seen_to_hold_it() {
        try (WebServer server = WebServer.start();
                Numbered topic = Numbered.at(server.tcp());
                Chromium browser = Chromium.start()) {
            browser.open(server.http() + "/healthz");
            start(browser, "{hoard: true}");
            topic.publish(1_000).block(LIMIT);
            browser.until("trial.seen.count === " + topic.acknowledged());
            long before = held(browser);
            topic.publish(RECORDS / 2).block(LIMIT);
            browser.until("trial.seen.count === " + topic.acknowledged(), LIMIT);
            long hoarded = held(browser) - before;
            assertTrue(hoarded > SLEEPING_BYTES, hoarded + " bytes more");
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void reads_what_is_compressed_with_any_codec(Compression codec) {
        try (WebServer server = WebServer.start();
                Numbered topic = Numbered.at(server.tcp(), codec);
                Chromium browser = Chromium.start()) {
            browser.open(server.http() + "/healthz");
            topic.publish(20_000).block(LIMIT);
            start(browser, "{}");
            browser.until("trial.seen.count === 20000 || trial.seen.problems.length");
            assertAllInOrder(seen(browser), 20_000);
        }
    }

    private static void start(Chromium browser, String options) {
        browser.eval("const {start} = await import('/console/trial-reading.js');"
                + "window.trial = await start({topic: 'numbered', ..." + options + "});");
    }

    private static JsonNode seen(Chromium browser) {
        return browser.eval("return trial.seen");
    }

    private static void assertAllInOrder(JsonNode seen, int records) {
        assertEquals("[]", seen.get("problems").toString());
        assertEquals(records, seen.get("count").asInt());
    }

    /** Bytes that the page's script holds, those of its buffers among them. */
    private static long held(Chromium browser) {
        browser.cdp("HeapProfiler.collectGarbage", Map.of());
        JsonNode usage = browser.cdp("Runtime.getHeapUsage", Map.of());
        return usage.path("usedSize").asLong()
                + usage.path("backingStorageSize").asLong();
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }
}
