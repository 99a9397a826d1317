package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.levada.Delivery;
import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.By;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** Every view of the console as people may look at it: light and dark, on a phone, and with more topics than fit. */
@NeedsChromium
@Tag("long")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // JUnit sets the statics first
final class ConsoleViewsTest {
    private static final int TOPICS = 1_000;
    private static final int PARTITIONS = 10;

    private static final Map<String, String> VIEWS = new LinkedHashMap<>();

    static {
        VIEWS.put("overview", "#/");
        VIEWS.put("topics", "#/topics");
        VIEWS.put("topic", "#/topics/orders");
        VIEWS.put("records", "#/topics/orders/records");
        VIEWS.put("tail", "#/topics/orders/tail");
        VIEWS.put("settings", "#/topics/orders/settings");
        VIEWS.put("groups", "#/groups");
        VIEWS.put("group", "#/groups/billing");
        VIEWS.put("subscriptions", "#/subscriptions");
        VIEWS.put("connectors", "#/connectors");
        VIEWS.put("connector", "#/connectors/copy");
    }

    private static WebServer server;
    private static Levada levada;
    private static Chromium browser;
    private static ConsolePage page;
    private static final Disposable.Composite READERS = Disposables.composite();

    @BeforeAll
    static void start() {
        server = WebServer.start();
        levada = Levada.open(server.tcp());
        levada.topics().create(TopicSpec.of("orders").partitions(4)).block();
        levada.topics().create(TopicSpec.of("payments").partitions(2)).block();
        for (int i = 0; i < 3; i++) {
            READERS.add(levada.group("billing")
                    .receive("orders")
                    .doOnNext(Delivery::ack)
                    .onErrorComplete()
                    .subscribe());
        }
        READERS.add(levada.group("ledger")
                .receive("payments")
                .doOnNext(Delivery::ack)
                .onErrorComplete()
                .subscribe());
        READERS.add(Flux.interval(Duration.ofMillis(20))
                .onBackpressureDrop()
                .concatMap(n -> levada.publish(n % 3 == 0 ? "payments" : "orders", record(n)))
                .onErrorComplete()
                .subscribe());
        WorkerRecords workers = new WorkerRecords(levada, "connect");
        workers.publish("there");
        workers.publish("fails");
        browser = Chromium.start(1280, 900);
        page = new ConsolePage(browser, server);
    }

    private static Record record(long n) {
        return Record.of(
                "customer-" + n % 17,
                "{\"order\":" + n + ",\"total\":" + n % 97 + ".50,\"lines\":[{\"sku\":\"A-" + n % 7 + "\",\"n\":2}]}");
    }

    @AfterAll
    static void stop() {
        READERS.dispose();
        try {
            browser.close();
        } finally {
            levada.close();
            server.close();
        }
    }

    /** Goes to a view and waits until it shows what it is about. */
    private static void look(String name, String view) {
        page.go(view);
        switch (name) {
            case "records", "tail" -> browser.until("document.querySelectorAll('.record').length > 3");
            case "overview" -> page.shows("[aria-label=Groups]", "ledger");
            default -> browser.until("document.querySelectorAll('main tbody tr').length > 0");
        }
    }

    @Test
    void every_view_is_open_to_everybody_in_light_and_dark() {
        browser.viewport(1280, 900, 1, false);
        page.open("");
        for (boolean dark : List.of(false, true)) {
            browser.prefers(dark, dark);
            String look = dark ? "-dark" : "-light";
            VIEWS.forEach((name, view) -> {
                look(name, view);
                page.isAccessible(name + look);
                page.picture(name + look);
            });
            look("records", "#/topics/orders/records");
            browser.driver().findElement(By.cssSelector(".record summary")).click();
            page.isAccessible("an open record" + look);
            for (String dialog : List.of("Publish a record", "Change", "Delete")) {
                page.press(dialog);
                page.isAccessible(dialog + look);
                page.press("Cancel");
                page.dialogCloses();
            }
            page.go("#/groups/billing");
            page.shows("3 members");
            page.press("Reset");
            page.isAccessible("Reset" + look);
            page.press("Cancel");
            look("connector", "#/connectors/copy");
            browser.driver().findElement(By.cssSelector(".trace summary")).click();
            page.isAccessible("an open trace" + look);
            page.picture("trace" + look);
            page.go("#/nowhere");
            page.isAccessible("nowhere" + look);
        }
        assertEquals(List.of(), browser.errors());
    }

    @Test
    void nothing_is_wider_than_a_phone() {
        browser.viewport(360, 740, 2, true);
        page.open("");
        for (boolean dark : List.of(false, true)) {
            browser.prefers(dark, false);
            VIEWS.forEach((name, view) -> {
                look(name, view);
                page.fits(name);
                page.isAccessible(name + " on a phone");
                page.picture(name + (dark ? "-phone-dark" : "-phone-light"));
            });
            look("connector", "#/connectors/copy");
            browser.driver().findElement(By.cssSelector(".trace summary")).click();
            page.fits("an open trace");
            page.picture("trace" + (dark ? "-phone-dark" : "-phone-light"));
            page.go("#/topics");
            page.press("Create a topic");
            page.fits("Create a topic");
            page.press("Cancel");
        }
        assertEquals(List.of(), browser.errors());
    }

    @Test
    void a_thousand_topics_do_not_freeze_it() {
        browser.viewport(1280, 900, 1, false);
        try (WebServer large = WebServer.start();
                Levada there = Levada.open(large.tcp())) {
            Flux.range(0, TOPICS)
                    .flatMap(
                            n -> there.topics()
                                    .create(TopicSpec.of("topic-%04d".formatted(n))
                                            .partitions(PARTITIONS)),
                            32)
                    .blockLast();
            there.topics().create(TopicSpec.of("wide").partitions(10_000)).block();
            ConsolePage crowded = new ConsolePage(browser, large);
            crowded.open("#/topics");
            crowded.watch();
            crowded.shows("1–50 of 1,001");
            crowded.shows("[aria-label=Topics]", "10");
            assertEquals(50, crowded.rows("Topics").size());
            crowded.press("Next");
            crowded.shows("topic-0050");
            crowded.fill("Search topics", "777");
            crowded.shows("1 topic of 1,001");
            crowded.press("topic-0777");
            crowded.shows("Durable end");
            crowded.go("#/");
            crowded.shows("1,001");
            crowded.shows("All 1,001 topics");
            crowded.go("#/topics/wide");
            crowded.shows("1–100 of 10,000");
            crowded.press("Next");
            crowded.shows("101–200 of 10,000");
            crowded.staysLight(TOPICS + " topics");
            browser.open("about:blank");
        }
        assertEquals(List.of(), browser.errors());
    }
}
