package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** The page {@code /demo} in a real browser, against a server that somebody publishes to at a moderate rate. */
@NeedsChromium
@Tag("long")
@Timeout(300)
final class DemoPageTest {
    private static final List<String> READERS = List.of("fast", "slow", "conflate", "hidden");
    /** For what takes a group's grace period, or several steps. */
    private static final Duration LONG = Duration.ofSeconds(90);

    private static final Duration TICK = Duration.ofMillis(25);
    private static final int RECORDS_A_TICK = 50;

    private final WebServer server = WebServer.start();
    private final Levada levada = Levada.open(server.tcp());
    private final Chromium browser = Chromium.start(1280, 1000);
    private final AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
    private Disposable publishing = Disposables.disposed();

    @BeforeEach
    void publish() {
        levada.blocking()
                .createTopic(TopicSpec.of("demo")
                        .partitions(4)
                        .config(Map.of("retention.bytes", "33554432", "segment.bytes", "4194304")));
        publishing = levada.publish("demo", flights()).subscribe(ack -> {}, failed::set);
    }

    private static Flux<Record> flights() {
        return Flux.interval(TICK).onBackpressureDrop().concatMapIterable(tick -> LongStream.range(0, RECORDS_A_TICK)
                .mapToObj(n -> flight(tick * RECORDS_A_TICK + n))
                .toList());
    }

    private static Record flight(long number) {
        List<String> airports = List.of("PHX", "LAS", "HOU", "BWI", "DAL", "LAX", "MDW", "OAK");
        String from = airports.get((int) (number % airports.size()));
        return Record.of(from, "{\"flight\":" + number + ",\"from\":\"" + from + "\",\"delay\":" + number % 60 + "}");
    }

    @AfterEach
    void stop() {
        publishing.dispose();
        try {
            browser.close();
        } finally {
            levada.close();
            server.close();
        }
    }

    /** Opens the page, and waits until every reader has something. */
    private void open() {
        browser.open(server.http() + "/demo");
        READERS.forEach(reader -> browser.until(number(reader, "received") + " > 0"));
    }

    /** The text that a panel shows, as an expression of the page. */
    private static String text(String reader, String what) {
        return "document.querySelector('#" + reader + " [data-is=" + what + "]').textContent";
    }

    private static String number(String reader, String what) {
        return "Number(" + text(reader, what) + ".replaceAll(',', ''))";
    }

    private static String waits(String reader, String... reasons) {
        return "['" + String.join("','", reasons) + "'].includes(" + text(reader, "waits") + ")";
    }

    private long read(String reader, String what) {
        return browser.eval("return " + number(reader, what)).asLong(-1);
    }

    private void press(String id, CharSequence... keys) {
        browser.driver().findElement(By.id(id)).sendKeys(keys);
    }

    /** Waits until a reader has so many more than it has now. */
    private void progress(String reader, long records) {
        browser.until(number(reader, "received") + " >= " + (read(reader, "received") + records));
    }

    private void assertNothingIsMissing() {
        for (String reader : READERS) {
            assertEquals(0, read(reader, "gaps"), reader);
            assertEquals(0, read(reader, "duplicates"), reader);
        }
        assertEquals(List.of(), browser.errors());
        assertNull(failed.get(), "publishing failed");
    }

    @Test
    void the_slider_sets_what_the_slow_reader_is_sent_and_nobody_elses_share() {
        open();

        press("pace", Keys.HOME);
        browser.until("document.getElementById('pace-says').value === '0'");
        browser.until(number("slow", "rate") + " === 0 && " + waits("slow", "NO_DEMAND"));
        long received = read("slow", "received");
        progress("fast", 5_000);
        assertEquals(received, read("slow", "received"));
        assertTrue(read("slow", "lag") >= 1_000, "behind by what it did not ask for");

        press("pace", String.valueOf(Keys.ARROW_RIGHT.charAt(0)).repeat(6));
        browser.until("document.getElementById('pace-says').value === '50'");
        browser.until(number("slow", "rate") + " > 25 && " + number("slow", "rate") + " < 75");

        press("pace", Keys.END);
        browser.until(waits("slow", "NO_DATA", "NONE", "READING") + " && " + number("slow", "lag") + " < 1000", LONG);
        browser.until(text("slow", "same") + " === 'same checksums as the others'");
        assertNothingIsMissing();
    }

    @Test
    void whoever_is_hidden_is_sent_nothing_and_catches_up() {
        open();

        press("hide", Keys.SPACE);
        browser.until("document.getElementById('hide').ariaChecked === 'true'");
        browser.until(number("hidden", "rate") + " === 0 && " + waits("hidden", "NO_DEMAND"));
        long received = read("hidden", "received");
        progress("fast", 10_000);
        assertEquals(received, read("hidden", "received"));

        press("hide", Keys.SPACE);
        browser.until(number("hidden", "received") + " >= " + (received + 10_000) + " && "
                + waits("hidden", "NO_DATA", "NONE", "READING") + " && " + number("hidden", "lag") + " < 1000");
        browser.until(text("hidden", "same") + " === 'same checksums as the others'");
        assertNothingIsMissing();
    }

    @Test
    void all_go_on_without_gap_or_duplicate_when_their_connections_are_cut() {
        open();

        for (int cut = 1; cut <= 3; cut++) {
            press("cut", Keys.ENTER);
            browser.until("document.getElementById('cut-says').textContent.startsWith('Cut " + cut + " time')");
            READERS.forEach(reader -> progress(reader, 1));
        }
        progress("fast", 5_000);
        browser.until(text("hidden", "same") + " === 'same checksums as the others'");
        assertTrue(browser.eval("return document.getElementById('cut-says').textContent")
                .asText()
                .endsWith("0 gaps, 0 duplicates."));
        assertEquals(0, read("fast", "skipped"));
        assertNothingIsMissing();
    }

    @Test
    void the_latest_of_each_airport_come_without_those_they_overtook() {
        open();

        browser.until(number("conflate", "skipped") + " > 0");
        browser.until("[...document.querySelectorAll('#board dd')].every(each => each.textContent.endsWith('late') ||"
                + " each.textContent === 'on time')");
        assertNothingIsMissing();
    }

    @Test
    void a_second_window_takes_half_of_the_partitions_and_gives_them_back() {
        open();
        browser.until(owns("0, 1, 2 and 3"));
        String first = browser.tab();
        Set<String> before = browser.driver().getWindowHandles();

        press("second", Keys.ENTER);
        String second = other(before);
        browser.use(second);
        browser.until("document.readyState === 'complete' && " + OWNS_TWO, LONG);
        browser.use(first);
        browser.cdp("Page.bringToFront", Map.of());
        browser.until(OWNS_TWO, LONG);

        browser.use(second);
        browser.closeTab(first);
        browser.cdp("Page.bringToFront", Map.of());
        browser.until(owns("0, 1, 2 and 3"), LONG);
        assertNothingIsMissing();
    }

    private static final String OWNS_TWO =
            "/2 windows in the group. This one owns partitions \\d and \\d\\./.test(document.getElementById('group-says').textContent)";

    private static String owns(String partitions) {
        return "document.getElementById('group-says').textContent.endsWith('This one owns partitions " + partitions
                + ".')";
    }

    private String other(Set<String> before) {
        long deadline = System.nanoTime() + Chromium.LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            for (String window : browser.driver().getWindowHandles()) {
                if (!before.contains(window)) {
                    return window;
                }
            }
        }
        throw new AssertionError("no second window");
    }

    @Test
    void where_nobody_publishes_the_page_does_when_it_is_asked_to() {
        publishing.dispose();
        levada.topics().delete("demo").block();
        browser.open(server.http() + "/demo");
        browser.until("!document.getElementById('publish').hidden");

        press("publish", Keys.ENTER);
        browser.until("!document.getElementById('publish-stop').hidden");
        READERS.forEach(reader -> browser.until(number(reader, "received") + " > 0"));

        press("publish-stop", Keys.ENTER);
        browser.until("!document.getElementById('publish').hidden");
        browser.until(number("fast", "lag") + " === 0 && " + number("fast", "rate") + " === 0");
        assertEquals(4, levada.blocking().describeTopic("demo").partitions().size());
        assertNothingIsMissing();
    }

    @Test
    void nothing_keeps_people_from_using_it() {
        open();
        browser.eval("document.querySelectorAll('details').forEach(each => each.open = true)");

        for (boolean dark : List.of(false, true)) {
            browser.prefers(dark, true);
            assertEquals(List.of(), Axe.violations(browser), dark ? "dark" : "light");
        }
        browser.viewport(360, 780, 1, true);
        assertTrue(
                browser.eval("return document.documentElement.scrollWidth <= innerWidth")
                        .asBoolean(),
                "it scrolls sideways");
        assertEquals(List.of(), Axe.violations(browser), "on a phone");
        assertNothingIsMissing();
    }
}
