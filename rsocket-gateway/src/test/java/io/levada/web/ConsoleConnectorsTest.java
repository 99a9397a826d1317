package io.levada.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.access.AccessControl;
import io.levada.access.AccessFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** What the console shows of connectors, from records as workers write them. */
@NeedsChromium
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // JUnit sets them first
@Tag("long")
final class ConsoleConnectorsTest {
    private static final String LIST = "Connectors of connect";
    private static final String UNITS = "The connector and its tasks";
    private static final int MANY = 500;

    private static Chromium browser;

    private WebServer server;
    private Levada levada;
    private ConsolePage page;

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
        try {
            browser.open("about:blank");
            assertEquals(List.of(), browser.errors());
        } finally {
            browser.forgetConsole();
            levada.close();
            server.close();
        }
    }

    private WorkerRecords workers() {
        WorkerRecords workers = new WorkerRecords(levada, "connect");
        workers.publish("there");
        return workers;
    }

    /** The line of a connector, or of a task, as one text. */
    private String row(String table, String name) {
        return page.rows(table).stream()
                .filter(row -> row.get(0).lines().findFirst().orElse("").equals(name))
                .map(row -> String.join(" | ", row).replaceAll("\\s+", " "))
                .findFirst()
                .orElse("none");
    }

    private void rowShows(String table, String name, String text) {
        browser.until("[...document.querySelectorAll(`[aria-label=\"" + table + "\"] tbody tr`)].some(row => "
                + "row.cells[0].innerText.split('\\n')[0] === '" + name + "' && row.innerText.includes('" + text
                + "'))");
    }

    @Test
    void where_no_worker_ever_was_it_says_how_one_is_started_and_shows_what_that_one_runs() {
        page.open("");
        page.press("Connectors");
        page.shows("No connectors yet");
        page.shows("java -jar levada-connect.jar shop.json --server " + server.webSocket());
        workers();
        page.shows("3 connectors");
        page.showsNot("Workers of connect"); // there are no others
    }

    @Test
    void a_list_tells_what_each_connector_is_to_be_and_what_it_is() {
        WorkerRecords workers = workers();
        page.open("#/connectors");
        page.shows("3 connectors");
        assertTrue(
                row(LIST, "copy")
                        .startsWith("copy sink, JdbcSinkConnector | running | running | 3 running | 127.0.0.1:8083 |"),
                row(LIST, "copy"));
        assertTrue(row(LIST, "copy").endsWith("| customers, customers-late"), row(LIST, "copy"));
        assertEquals(
                "numbers source, NumbersSourceConnector | running | running | 1 running | 127.0.0.1:8083 | – | numbers",
                row(LIST, "numbers"));
        assertEquals(
                "resting source, NumbersSourceConnector | paused | paused | none | 127.0.0.1:8083 | – | –",
                row(LIST, "resting"));

        workers.publish("fails");
        rowShows(LIST, "copy", "2 running, 1 failed");
        page.shows("3 connectors, 1 failed");
        page.choose("Which, or whose tasks, are", "failed");
        page.shows("1 connector of 3, 1 failed");
        page.choose("Which, or whose tasks, are", "");
        page.fill("Search connectors", "Numbers");
        page.shows("2 connectors of 3");
        page.fill("Search connectors", "nothing like it");
        page.shows("No connector is like that now");
        page.press("Show all");

        workers.publish("shrinks"); // what was told of the third task is still in the topic
        rowShows(LIST, "copy", "1 running, 1 failed");
        workers.publish("goes");
        page.shows("2 connectors");
        assertEquals("none", row(LIST, "copy"));
    }

    @Test
    void a_task_that_fails_is_seen_with_its_trace_which_stays_text() {
        WorkerRecords workers = workers();
        page.open("#/connectors");
        page.press("copy");
        page.shows("3 running");
        assertEquals("copy · Connectors · Levada", browser.driver().getTitle());
        assertTrue(row(UNITS, "Task 2").startsWith("Task 2 | running | 127.0.0.1:8083 | "), row(UNITS, "Task 2"));

        workers.publish("fails");
        rowShows(UNITS, "Task 1", "failed");
        page.shows(".facts", "2 running, 1 failed");
        browser.driver().findElement(By.cssSelector(".trace summary")).click();
        page.shows("[aria-label='Trace of Task 1']", "no <img src=x onerror=\"document.title='taken over'\">");
        page.shows("[aria-label='Trace of Task 1']", "Caused by: java.sql.SQLException");
        assertEquals(
                0,
                browser.driver()
                        .findElements(By.cssSelector("main img, main b"))
                        .size());
        assertEquals("copy · Connectors · Levada", browser.driver().getTitle());

        workers.publish("shrinks");
        browser.until("document.querySelectorAll('[aria-label=\"" + UNITS + "\"] tbody tr').length === 3");
        workers.publish("goes");
        page.shows("There is no such connector");
        page.press("All connectors");
        page.shows("2 connectors");
    }

    @Test
    void a_configuration_is_shown_as_workers_show_it() {
        WorkerRecords workers = workers();
        page.open("#/connectors/copy");
        browser.until("document.querySelectorAll('[aria-label=Configuration] tbody tr').length > 0");
        List<List<String>> shown = new ArrayList<>();
        workers.shown().forEach((name, value) -> shown.add(List.of(name, value)));
        assertEquals(shown, page.rows("Configuration"));
        assertTrue(shown.contains(List.of("connection.password", "[hidden]")));
        assertFalse(browser.eval("return document.documentElement.outerHTML")
                .asText()
                .contains("not to be seen"));
    }

    @Test
    void a_sink_leads_to_its_topics_and_its_group_and_tells_its_lag() {
        levada.topics().create(TopicSpec.of("customers")).block();
        workers();
        page.open("#/connectors");
        rowShows(LIST, "copy", "not begun");
        Disposable sink = levada.group("connect-copy")
                .receive("customers")
                .doOnNext(Delivery::ack)
                .onErrorComplete()
                .subscribe();
        rowShows(LIST, "copy", "\\t0\\t");
        sink.dispose();
        levada.publish("customers", Flux.range(0, 17).map(n -> Record.ofValue("customer " + n)))
                .blockLast();
        rowShows(LIST, "copy", "\\t17\\t");

        page.press("copy");
        page.shows(".facts", "17");
        page.press("customers");
        page.shows("Durable end");
        page.go("#/connectors/copy");
        page.press("connect-copy");
        page.shows("Nobody is in it now");
    }

    @Test
    void records_of_others_are_left_out() {
        WorkerRecords workers = new WorkerRecords(levada, "connect");
        put(workers, "configs");
        put(workers, "status");
        workers.publish("there");
        page.open("#/connectors");
        page.shows("3 connectors");
        put(workers, "configs");
        put(workers, "status");
        workers.publish("fails");
        rowShows(LIST, "copy", "2 running, 1 failed");
        assertEquals(3, page.rows(LIST).size());
        page.press("copy");
        page.shows("2 running, 1 failed");
    }

    private static void put(WorkerRecords workers, String topic) {
        List<Record> records = new ArrayList<>();
        for (String value : List.of(
                "",
                "no JSON",
                "null",
                "7",
                "[]",
                "{}",
                "{\"config\":7,\"state\":\"STARTED\",\"tasks\":[]}",
                "{\"config\":{},\"state\":\"toString\",\"tasks\":[]}",
                "{\"config\":{},\"state\":\"STARTED\",\"tasks\":[7]}",
                "{\"connector\":\"copy\",\"state\":\"RUNNING\",\"task\":{}}",
                "{\"connector\":\"copy\",\"state\":\"__proto__\"}",
                "{\"connector\":\"other\",\"state\":\"FAILED\"}")) {
            for (String key : List.of("copy", "status-connector-copy", "status-task-copy-0", "status-topic-x", "")) {
                records.add(WorkerRecords.record(key, value));
            }
        }
        records.add(Record.of(new byte[] {-1, 0}, new byte[] {-1, 0}));
        records.add(WorkerRecords.record("status-topic-:connector-", null));
        workers.put(topic, records);
    }

    @Test
    void workers_of_several_groups_are_told_apart() {
        workers();
        new WorkerRecords(levada, "night").publish("there");
        levada.topics().create(TopicSpec.of("my-configs")).block(); // of something else
        page.open("#/connectors");
        page.shows("6 connectors");
        page.shows("h2", "Workers of connect");
        page.shows("h2", "Workers of night");
        page.go("#/connectors/copy?group=night");
        page.shows("3 running");
        page.press("night");
        page.shows("GROUP_ID_NOT_FOUND"); // no worker runs
        page.go("#/connectors/copy?group=day");
        page.shows("UNKNOWN_TOPIC_OR_PARTITION");
        page.press("All connectors");
        page.shows("6 connectors");
    }

    @Test
    void who_may_not_read_what_workers_keep_is_told_so(@TempDir Path directory) {
        AccessFiles files = new AccessFiles(directory).permissions("""
                rules:
                  - {principals: [root], operations: [admin]}
                  - {principals: [watcher], operations: [describe], topics: ["*"], groups: ["*"]}
                  - {principals: [reader], operations: [read], topics: ["connect-configs", "connect-status"]}
                """);
        Path root = files.write("root.token", files.token("root"));
        String stranger = files.token("stranger");
        String watcher = files.token("watcher");
        String reader = files.token("reader");
        try (AccessControl access = files.start();
                WebServer guarded = WebServer.start(access);
                Levada there =
                        Levada.open(guarded.tcp(), LevadaOptions.defaults().withTokenFile(root.toString()))) {
            new WorkerRecords(there, "connect").publish("there");
            for (String token : List.of(stranger, watcher)) {
                lookAs(guarded, token);
                page.shows("Connectors are not for you to see");
                page.shows("TOPIC_AUTHORIZATION_FAILED");
                page.shows("Who may read the topics connect-configs and connect-status sees here what is in them");
            }
            lookAs(guarded, reader);
            page.shows("3 connectors");
            rowShows(LIST, "copy", "not permitted"); // its group, and so its lag
            browser.open("about:blank");
            browser.forgetConsole();
        }
    }

    /** The view in a page of the console, by a connection that presents a token. */
    private static void lookAs(WebServer guarded, String token) {
        browser.open("about:blank");
        browser.open(guarded.http() + "/#/connectors");
        browser.until("document.querySelector('main h1')");
        browser.eval("""
                const {connect} = await import('/levada.js');
                const {server} = await import('/console/view.js');
                server.levada = await connect('/rsocket', {token: '%s'});
                document.body.append(document.createElement('levada-connectors'));""".formatted(token));
    }

    @Test
    void two_thousand_tasks_do_not_freeze_it() {
        WorkerRecords workers = new WorkerRecords(levada, "connect");
        workers.put(
                "configs",
                IntStream.range(0, MANY)
                        .mapToObj(
                                n -> WorkerRecords.record(
                                        "source-%03d".formatted(n),
                                        "{\"config\":{\"connector.class\":\"org.example.ManySource\"},\"state\":\"STARTED\","
                                                + "\"slot\":0,\"restarts\":0,\"tasksVersion\":1,\"tasks\":["
                                                + "{\"config\":{}},{\"config\":{}},{\"config\":{}},{\"config\":{}}],\"applied\":null}"))
                        .toList());
        tell(workers, "RUNNING");
        page.open("#/connectors");
        page.watch();
        page.shows("1–50 of 500");
        rowShows(LIST, "source-000", "4 running");
        for (int round = 0; round < 5; round++) {
            tell(workers, round % 2 == 0 ? "FAILED" : "RUNNING");
        }
        page.shows("500 connectors, 500 failed");
        assertEquals(50, page.rows(LIST).size());
        page.press("Next");
        rowShows(LIST, "source-050", "4 failed");
        page.fill("Search connectors", "source-499");
        page.shows("1 connector of 500");
        page.press("source-499");
        rowShows(UNITS, "Task 3", "failed");
        page.staysLight(4 * MANY + " tasks");
    }

    private static void tell(WorkerRecords workers, String state) {
        List<Record> records = new ArrayList<>();
        for (int n = 0; n < MANY; n++) {
            String name = "source-%03d".formatted(n);
            String rest = ",\"state\":\"" + state + "\",\"worker_id\":\"w:1\",\"generation\":1,\"trace\":\""
                    + "at somewhere.else(Else.java)\\n".repeat(state.equals("FAILED") ? 50 : 0) + "\"}";
            records.add(WorkerRecords.record("status-connector-" + name, "{\"connector\":\"" + name + "\"" + rest));
            for (int task = 0; task < 4; task++) {
                records.add(WorkerRecords.record(
                        "status-task-" + name + "-" + task, "{\"connector\":\"" + name + "\",\"task\":" + task + rest));
            }
        }
        workers.put("status", records);
    }
}
