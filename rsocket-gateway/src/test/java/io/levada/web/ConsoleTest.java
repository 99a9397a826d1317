package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.Levada;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.gateway.GatewayConfig;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/** Everything that can be done in the console, done in a browser against a real server. */
@NeedsChromium
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // JUnit sets them first
@Tag("long")
final class ConsoleTest {
    private static Chromium browser;

    private WebServer server;
    private Levada levada;
    private ConsolePage page;
    private final Disposable.Composite readers = Disposables.composite();

    @BeforeAll
    static void startBrowser() {
        browser = Chromium.start();
    }

    @AfterAll
    static void stopBrowser() {
        browser.close();
    }

    @BeforeEach
    void start() {
        server = WebServer.start();
        levada = Levada.open(server.tcp());
        page = new ConsolePage(browser, server);
    }

    @AfterEach
    void stop() {
        readers.dispose();
        try {
            browser.open("about:blank");
            assertEquals(List.of(), browser.errors());
        } finally {
            browser.forgetConsole();
            levada.close();
            server.close();
        }
    }

    private void create(String topic, int partitions) {
        levada.topics().create(TopicSpec.of(topic).partitions(partitions)).block();
    }

    private void publish(String topic, int from, int count) {
        levada.publish(topic, Flux.range(from, count).map(n -> Record.of("key-" + n % 10, "{\"n\":" + n + "}")))
                .blockLast();
    }

    private void join(String group, String topic) {
        readers.add(levada.group(group)
                .receive(topic)
                .doOnNext(Delivery::ack)
                .onErrorComplete()
                .subscribe());
    }

    /** Takes so many records, and then no more for now. */
    private void readSome(String topic, int records) {
        BaseSubscriber<StoredRecord> reader = new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(records);
            }

            @Override
            protected void hookOnError(Throwable error) {}
        };
        readers.add(reader);
        levada.read(ReadSpec.of(topic).from(Position.earliest())).subscribe(reader);
    }

    @Test
    void an_empty_server_says_what_to_do_next() {
        page.open("");
        page.shows("No topics yet");
        page.shows("topic create orders --partitions 4 --server " + server.webSocket());
        page.shows("No groups yet");
        page.go("#/groups");
        page.shows("consume orders --group mine");
        page.go("#/subscriptions");
        page.shows("Nobody reads now");
        page.go("#/topics");
        page.press("Create a topic");
        page.shows("How many members of a group can share it");
        page.keys(Keys.ESCAPE);
        page.dialogCloses();
        assertEquals("Create a topic", page.focused());
    }

    @Test
    void a_topic_is_created_changed_and_deleted() {
        page.open("#/topics");
        page.press("Create a topic");
        page.fill("Name", "no/name");
        page.press("Create topic");
        page.shows("INVALID");
        page.fill("Name", "orders");
        page.fill("Partitions", "3");
        page.fill("Retention", "a while");
        page.press("Create topic");
        page.shows("INVALID_CONFIG");
        page.fill("Retention", "2d");
        page.choose("A record is acknowledged when it", "os");
        page.tick("Compact: keep the latest record of each key");
        page.press("Create topic");
        page.dialogCloses();
        page.shows("Topic orders is there, with 3 partitions.");
        page.shows("Durability os");
        assertEquals(3, page.rows("Partitions of orders").size());

        var config = Objects.requireNonNull(levada.topics().describe("orders").block())
                .config();
        assertEquals("172800000", config.get("retention.ms"));
        assertEquals("os", config.get("durability"));
        assertEquals("compact,delete", config.get("cleanup.policy"));

        page.press("Settings");
        page.shows("[aria-label='Settings of orders']", "retention.ms");
        page.press("Change");
        page.fill("Partitions", "5");
        page.fill("Retention by size", "10MiB");
        page.press("Change topic");
        page.dialogCloses();
        page.shows("[aria-label='Settings of orders']", "10MiB");
        page.shows(".facts", "5");

        page.press("Delete");
        page.fill("To confirm, type orders", "order");
        assertTrue(browser.eval("return document.querySelector('dialog .danger').disabled")
                .asBoolean());
        page.fill("To confirm, type orders", "orders");
        page.press("Delete topic");
        page.dialogCloses();
        page.shows("Topic orders is deleted.");
        page.shows("No topics yet");
    }

    @Test
    void a_topic_that_is_there_already_is_told_in_the_dialog() {
        create("orders", 1);
        page.open("#/topics");
        page.press("Create a topic");
        page.fill("Name", "orders");
        page.press("Create topic");
        page.shows("TOPIC_ALREADY_EXISTS");
        page.press("Cancel");
        page.dialogCloses();
    }

    @Test
    void a_record_is_published_and_read_as_it_was_written() {
        create("orders", 2);
        page.open("#/topics/orders/records");
        page.shows("No records here");
        page.press("Publish a record");
        page.fill("Key", "customer-7");
        page.fill("Value", "{\"total\":12.50,\"lines\":[]}");
        page.choose("Partition", "1");
        page.press("Add a header");
        page.fill("Name of the header", "kind");
        page.fill("Value of the header", "refund");
        page.press("Publish");
        page.dialogCloses();
        page.shows("Stored at offset 0 of partition 1.");
        page.press("Look at it");
        browser.until("document.querySelectorAll('.record').length === 1");
        browser.driver().findElement(By.cssSelector(".record summary")).click();
        page.shows("kind refund");
        page.shows("\"total\": 12.50, \"lines\": []");

        page.press("Publish a record");
        page.fill("Value", "gIA=");
        page.choose("The value is", "base64");
        page.choose("Partition", "1");
        page.press("Publish");
        page.dialogCloses();
        page.press("Publish a record");
        page.fill("Key", "customer-7");
        page.choose("The value is", "none");
        page.choose("Partition", "1");
        page.press("Publish");
        page.dialogCloses();
        page.press("Show");
        page.shows("base64 gIA=");
        page.shows("customer-7 null");
        StoredRecord first = Objects.requireNonNull(
                levada.read(ReadSpec.of("orders").from(Position.earliest())).blockFirst());
        assertEquals("customer-7", first.keyUtf8());
        assertEquals("kind", first.headers().get(0).key());
    }

    @Test
    void records_are_browsed_from_any_place_and_more_only_when_asked_for() {
        create("orders", 2);
        publish("orders", 0, 130);
        page.open("#/topics/orders/records");
        browser.until("document.querySelectorAll('.record').length >= 50");
        page.shows("\"n\":129");
        page.press("Load older");
        browser.until("document.querySelectorAll('.record').length >= 100");
        page.press("Load older");
        browser.until("document.querySelectorAll('.record').length === 130");
        page.shows("130 records, which is all there is there now");

        page.choose("From", "earliest");
        page.press("Show");
        browser.until("document.querySelectorAll('.record').length === 50");
        assertTrue(browser.eval("return location.hash").asText().contains("from=earliest"));
        page.press("Load more");
        page.press("Load more");
        browser.until("document.querySelectorAll('.record').length === 130");

        page.choose("From", "offset");
        page.fill("Offset", "10");
        page.choose("Partition", "0");
        page.press("Show");
        page.shows(".record:first-child", "0:10");
        page.choose("From", "time");
        page.set("Time", "2001-01-01T00:00:00");
        page.press("Show");
        page.shows(".record:first-child", "0:0");
        page.set("Time", "2101-01-01T00:00:00");
        page.press("Show");
        page.shows("No records here");
        page.open("#/topics/orders/records?from=offset&partition=1&at=3");
        page.shows(".record:first-child", "1:3");
    }

    @Test
    void the_tail_shows_what_comes_and_paused_asks_for_nothing() {
        create("orders", 1);
        publish("orders", 0, 5);
        page.open("#/topics/orders/tail");
        page.shows("Nothing has come yet");
        browser.until("document.querySelector('.tail-head').innerText.includes('permitted')");
        publish("orders", 100, 5);
        page.shows("\"n\":104");
        assertEquals(5, page.records());

        page.press("Pause");
        publish("orders", 200, 500);
        page.shows("Paused: nothing more is asked for.");
        String demand = """
                const {connect} = await import('/levada.js');
                const levada = await connect();
                for await (const stats of levada.stats({topic: 'orders', intervalMs: 100})) {
                  const [tail] = stats.subscriptions.filter(one => one.label === 'console, live tail');
                  if (tail?.waits === 'NO_DEMAND') { levada.close(); return tail; }
                }""";
        var tail = browser.eval(demand);
        assertEquals(0, tail.get("demand").asInt(), tail::toString);
        assertTrue(tail.get("lag").asInt() > 300, tail::toString);
        page.press("Go on");
        page.shows("\"n\":699");
        browser.until("document.querySelectorAll('.record').length === 200"); // the latest of them are kept

        page.fill("Key begins with", "key-3");
        page.shows("Nothing has come yet"); // it begins anew once typing has settled
        browser.until("document.querySelector('.tail-head').innerText.includes('1 permitted')");
        publish("orders", 1_000, 20);
        page.shows("\"n\":1013");
        page.choose("When this page falls behind", "conflate");
        page.press("Clear");
    }

    @Test
    void a_group_tells_who_owns_what_and_goes_where_it_is_sent() {
        create("orders", 2);
        publish("orders", 0, 40);
        for (int i = 0; i < 3; i++) {
            join("billing", "orders");
        }
        page.open("#/groups");
        page.press("billing");
        page.shows("3 members");
        page.shows("There are fewer partitions than members: 2 partitions, 3 members.");
        page.shows("NO_DATA");
        page.shows("PAUSED");
        page.shows(".facts", "Stable");
        browser.until("document.querySelector('.plot').ariaLabel.includes('Lag in records')");

        page.press("Delete");
        page.fill("To confirm, type billing", "billing");
        page.press("Delete group");
        page.shows("NON_EMPTY_GROUP");
        page.press("Cancel");
        page.dialogCloses();

        readers.dispose();
        page.shows("Nobody is in it now");
        for (String place : List.of("latest", "earliest", "offset", "time")) {
            page.press("Reset");
            page.choose("To", place);
            switch (place) {
                case "offset" -> {
                    page.choose("Partition", "1");
                    page.fill("Offset", "3");
                }
                case "time" -> page.set("Time", "2001-01-01T00:00:00");
                default -> {}
            }
            page.press("Reset group");
            page.dialogCloses();
            String committed = place.equals("latest")
                    ? page.rows("Place in each partition").get(1).get(3)
                    : place.equals("offset") ? "3" : "0";
            browser.until(
                    "document.querySelectorAll('[aria-label=\"Place in each partition\"] tbody tr')[1].cells[2].innerText === '"
                            + committed + "'");
        }
        page.press("Delete");
        page.fill("To confirm, type billing", "billing");
        page.press("Delete group");
        page.dialogCloses();
        page.shows("Group billing is deleted.");
        page.shows("No groups yet");
    }

    @Test
    void subscriptions_tell_why_they_wait() {
        create("orders", 1);
        publish("orders", 0, 100);
        readSome("orders", 3);
        join("billing", "orders");
        page.open("#/subscriptions");
        page.shows("2 subscriptions");
        page.shows("The client asks for no more records for now.");
        page.shows("Caught up: it has all there is");
        List<String> slow = page.rows("Subscriptions").get(0);
        assertEquals("97", slow.get(3));
        assertEquals("3", slow.get(7));
        page.press("What the nine reasons mean");
        page.shows("Its connection has room, but all connections together hold nearly all");
        page.choose("Which wait for", "NO_DEMAND");
        page.shows("1 subscription");
        page.fill("Search subscriptions", "nobody");
        page.shows("None is like that now");
        page.press("Show all");
        page.shows("2 subscriptions");
        page.open("#/subscriptions?group=billing");
        page.shows("Only group billing.");
    }

    @Test
    void the_overview_follows_what_flows() {
        create("orders", 2);
        join("billing", "orders");
        page.open("");
        readers.add(Flux.interval(Duration.ofMillis(50))
                .onBackpressureDrop()
                .concatMap(n -> levada.publish("orders", Record.of("k", "v" + n)))
                .onErrorComplete()
                .subscribe());
        String chart = "document.querySelector('.wide-chart .plot').ariaLabel";
        browser.until("/published: [1-9]/.test(" + chart + ") && /delivered: [1-9]/.test(" + chart + ")");
        page.shows("[aria-label=Topics]", "orders");
        page.shows("[aria-label=Groups]", "billing");
    }

    @Test
    void a_connection_that_breaks_is_told_and_comes_back() {
        create("orders", 1);
        page.open("#/topics");
        page.shows("#state", "Connected");
        page.shows("orders");
        GatewayConfig same = GatewayConfig.defaults().withPorts(0, server.httpPort());
        levada.close();
        server.close();
        page.shows("#state", "Trying again");
        page.shows("#banner", "tries again by itself");
        page.shows("orders"); // what was seen stays

        server = WebServer.start("memory:", same);
        page.shows("[role=status]", "Connected again.");
        page.shows("#state", "Connected");
        page.shows("No topics yet"); // this one has none
        browser.forgetConsole(); // the browser minds each attempt
    }

    @Test
    void what_is_not_there_is_no_dead_end() {
        page.open("#/nowhere");
        page.shows("There is nothing here");
        page.press("Overview");
        page.shows("Records a second");
        page.go("#/topics/gone");
        page.shows("UNKNOWN_TOPIC_OR_PARTITION");
        page.press("All topics");
        page.shows("No topics yet");
        page.go("#/groups/gone");
        page.shows("GROUP_ID_NOT_FOUND");
        page.press("All groups");
        page.shows("No groups yet");
    }

    @Test
    void the_keyboard_gets_everywhere() {
        create("orders", 1);
        page.open("#/topics");
        page.shows("orders");
        page.keys(Keys.TAB);
        assertEquals("Skip to the content", page.focused());
        page.keys(Keys.ENTER);
        browser.until("document.activeElement.id === 'main'");
        page.keys(Keys.TAB);
        assertEquals("Create a topic", page.focused());
        page.keys(Keys.TAB, "ord");
        page.keys(Keys.TAB); // the table, which scrolls
        page.keys(Keys.TAB);
        assertEquals("orders", page.focused());
        page.keys(Keys.ENTER);
        browser.until("document.activeElement.tagName === 'H1' && document.activeElement.innerText === 'orders'");
    }

    @Test
    void nothing_is_asked_for_while_nobody_looks() {
        create("orders", 1);
        page.open("");
        page.shows("orders");
        int sent = browser.eval("""
                let sent = 0;
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (data) {
                  const type = new DataView(data.buffer ?? data, data.byteOffset ?? 0).getUint16(4) >> 10;
                  if (type !== 3) sent++; // keepalives go on
                  return send.call(this, data);
                };
                Object.defineProperty(document, 'hidden', {value: true, configurable: true});
                document.dispatchEvent(new Event('visibilitychange'));
                await new Promise(next => setTimeout(next, 3000)); // what was under way ends
                sent = 0;
                await new Promise(next => setTimeout(next, 3000));
                return sent;""").asInt();
        assertEquals(0, sent);
        browser.eval("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
    }
}
