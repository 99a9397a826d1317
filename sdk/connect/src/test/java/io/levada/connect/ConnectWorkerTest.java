package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.testgate.TestGate;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.LongStream;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo;
import org.apache.kafka.connect.util.FutureCallback;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Workers over a log in memory, with plugins that behave well and badly. */
class ConnectWorkerTest {
    private static final Map<String, String> SETTINGS = Map.of(
            "task.shutdown.graceful.timeout.ms",
            "500",
            "offset.flush.interval.ms",
            "100",
            "value.converter.schemas.enable",
            "false",
            "key.converter.schemas.enable",
            "false");

    private final Levada levada = Levada.open("memory:");
    private final List<ConnectWorker> workers = new ArrayList<>();

    @AfterEach
    void close() {
        CountingSource.RELEASE.countDown();
        workers.forEach(ConnectWorker::close);
        levada.close();
    }

    private ConnectWorker worker(String name) {
        ConnectWorker worker = ConnectWorker.start(levada, "connect", name, SETTINGS);
        workers.add(worker);
        return worker;
    }

    private static Herder.Created<ConnectorInfo> put(ConnectWorker worker, String name, String... config)
            throws Exception {
        Map<String, String> properties = new HashMap<>(Map.of("name", name, "tasks.max", "1"));
        for (int i = 0; i < config.length; i += 2) {
            properties.put(config[i], config[i + 1]);
        }
        FutureCallback<Herder.Created<ConnectorInfo>> done = new FutureCallback<>();
        worker.herder().putConnectorConfig(name, properties, true, done);
        return done.get();
    }

    private static Herder.Created<ConnectorInfo> count(ConnectWorker worker, String name, String... more)
            throws Exception {
        List<String> config = new ArrayList<>(List.of("connector.class", "CountingSource", "topic", name));
        config.addAll(List.of(more));
        return put(worker, name, config.toArray(String[]::new));
    }

    private static void collect(ConnectWorker worker, String name, String topics, String... more) throws Exception {
        List<String> config =
                new ArrayList<>(List.of("connector.class", "CollectingSink", "topics", topics, "store", name));
        config.addAll(List.of(more));
        put(worker, name, config.toArray(String[]::new));
    }

    private static String state(ConnectWorker worker, String connector) {
        try {
            return worker.herder().connectorStatus(connector).connector().state();
        } catch (NotFoundException e) {
            return "none";
        }
    }

    private static List<ConnectorStateInfo.TaskState> tasks(ConnectWorker worker, String connector) {
        try {
            return worker.herder().connectorStatus(connector).tasks();
        } catch (NotFoundException e) {
            return List.of();
        }
    }

    private static boolean allRun(ConnectWorker worker, String connector, int tasks) {
        return state(worker, connector).equals("RUNNING")
                && tasks(worker, connector).stream()
                                .filter(task -> task.state().equals("RUNNING"))
                                .count()
                        == tasks;
    }

    /** What is in a topic; nothing where there is none yet. */
    private List<StoredRecord> read(String topic) {
        List<StoredRecord> records = levada.read(ReadSpec.of(topic).to(End.now()))
                .onErrorResume(ConnectWorkerTest::isUnknownTopic, error -> Flux.empty())
                .collectList()
                .block();
        return records == null ? List.of() : records;
    }

    private static boolean isUnknownTopic(Throwable error) {
        return LevadaException.of(error).code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    private static @Nullable String utf8(byte @Nullable [] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private static List<Object> upTo(long end) {
        return LongStream.range(0, end).<Object>mapToObj(Long::valueOf).toList();
    }

    @Test
    void what_a_source_gives_comes_to_a_sink_in_order() throws Exception {
        ConnectWorker worker = worker("a:1");
        assertTrue(count(worker, "numbers").created());
        collect(worker, "order", "numbers");

        Await.until("collected", () -> CollectingSink.store("order").size() >= 100);
        assertEquals(upTo(100), List.copyOf(CollectingSink.store("order")));
        Await.until("running", () -> allRun(worker, "numbers", 1) && allRun(worker, "order", 1));
        assertEquals(
                "1.2", worker.herder().connectorStatus("numbers").connector().version());
        assertEquals("a:1", tasks(worker, "order").get(0).workerId());
    }

    @Test
    void a_sink_that_comes_first_waits_for_its_topic() throws Exception {
        ConnectWorker worker = worker("a:1");
        collect(worker, "early", "later");
        Await.until("running", () -> allRun(worker, "early", 1));
        count(worker, "later", "upTo", "5");

        Await.until("collected", () -> CollectingSink.store("early").size() == 5);
    }

    @Test
    void topics_that_match_an_expression_are_found_as_they_come_to_be() throws Exception {
        ConnectWorker worker = worker("a:1");
        put(worker, "any", "connector.class", "CollectingSink", "topics.regex", "north-.*", "store", "any");
        count(worker, "north-1", "upTo", "3");
        count(worker, "south-1", "upTo", "3");

        Await.until("collected", () -> CollectingSink.store("any").size() == 3);
    }

    @Test
    void a_source_goes_on_where_it_was_in_another_worker() throws Exception {
        ConnectWorker first = worker("a:1");
        count(first, "onward", "upTo", "20");
        Await.until(
                "counted",
                () -> levada.blocking().topics().contains("onward")
                        && read("onward").size() == 20);
        first.close();
        workers.remove(first);

        ConnectWorker second = worker("a:1");
        count(second, "onward", "upTo", "30");
        Await.until("counted on", () -> read("onward").size() == 30);
        assertEquals(
                30,
                new HashSet<>(read("onward").stream()
                                .map(StoredRecord::valueUtf8)
                                .toList())
                        .size());
    }

    @Test
    void a_source_that_publishes_once_goes_on_where_its_records_say() throws Exception {
        Map<String, String> settings = new HashMap<>(SETTINGS);
        settings.put("offset.flush.interval.ms", "60000");
        ConnectWorker first = ConnectWorker.start(levada, "connect", "a:1", settings);
        workers.add(first);
        count(first, "once", "exactly.once.support", "required", "upTo", "50");
        Await.until("counted", () -> read("once").size() == 50);
        first.close();
        workers.remove(first);
        try (LogTable offsets = new LogTable(levada, "connect-offsets", (key, value) -> {})) {
            offsets.start();
            offsets.put(Collections.singletonMap("[\"once\",{\"number\":\"0\"}]", null))
                    .get(); // as if it had been killed before it was written
        }

        count(worker("a:1"), "once", "exactly.once.support", "required", "upTo", "100");
        Await.until("counted on", () -> read("once").size() >= 100);
        assertEquals(
                upTo(100),
                read("once").stream()
                        .map(record -> (Object) Long.valueOf(String.valueOf(record.valueUtf8())))
                        .toList());
    }

    @Test
    void a_source_of_several_tasks_or_that_cannot_is_not_started_where_once_is_required() throws Exception {
        ConnectWorker worker = worker("a:1");
        ExecutionException refused = assertThrows(
                ExecutionException.class,
                () -> count(worker, "cannot", "exactly.once.support", "required", "trouble", "throw"));
        assertTrue(String.valueOf(refused.getMessage()).contains("exactly-once"), refused::getMessage);

        count(worker, "many", "exactly.once.support", "required", "tasks.max", "2");
        Await.until("told", () -> tasks(worker, "many").stream()
                .anyMatch(task -> task.state().equals("FAILED")
                        && String.valueOf(task.trace()).contains("tasks.max")));
        assertTrue(TestGate.expectError("task-many-1 cannot be started") >= 1);
    }

    @Test
    void workers_share_connectors_and_one_takes_over_from_another() throws Exception {
        ConnectWorker first = worker("a:1");
        ConnectWorker second = worker("b:1");
        count(first, "shared", "tasks.max", "3", "upTo", "10");
        Await.until(
                "shared",
                () -> allRun(second, "shared", 3) && whereTasksRun(second).size() == 2);

        first.close();
        workers.remove(first);
        Await.until(
                "taken over",
                () -> allRun(second, "shared", 3) && whereTasksRun(second).equals(List.of("b:1")));
        count(second, "shared", "tasks.max", "3", "upTo", "20");
        Await.until(
                "counted on",
                () -> read("shared").stream()
                                .map(record -> record.keyUtf8() + " " + record.valueUtf8())
                                .distinct()
                                .count()
                        == 60);
    }

    private static List<String> whereTasksRun(ConnectWorker worker) {
        return tasks(worker, "shared").stream()
                .map(ConnectorStateInfo.TaskState::workerId)
                .distinct()
                .toList();
    }

    @Test
    void changes_of_two_workers_at_once_are_both_made() throws Exception {
        ConnectWorker first = worker("a:1");
        ConnectWorker second = worker("b:1");
        List<FutureTask<Herder.Created<ConnectorInfo>>> makers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            ConnectWorker worker = i % 2 == 0 ? first : second;
            String name = "c" + i;
            makers.add(new FutureTask<>(() -> count(worker, name, "upTo", "1")));
        }
        makers.forEach(maker -> new Thread(maker).start());
        for (FutureTask<Herder.Created<ConnectorInfo>> maker : makers) {
            assertTrue(maker.get().created());
        }

        Await.until("all run", () -> LongStream.range(0, 20).allMatch(i -> allRun(first, "c" + i, 1)));
    }

    @Test
    void one_that_throws_is_told_and_started_anew_and_disturbs_nobody() throws Exception {
        ConnectWorker worker = worker("a:1");
        count(worker, "good", "upTo", "1000000000");
        Await.until("good runs", () -> allRun(worker, "good", 1));
        count(worker, "thrower", "trouble", "throw");
        Await.until("failed", () -> tasks(worker, "thrower").stream()
                .anyMatch(task -> task.state().equals("FAILED") && task.trace().contains("told to throw")));
        long before = read("good").size();
        Await.until("good goes on", () -> read("good").size() > before + 100);

        count(worker, "thrower", "trouble", "");
        Await.until(
                "mended", () -> allRun(worker, "thrower", 1) && read("thrower").size() == 100);
        assertTrue(TestGate.expectError("Task threw an uncaught and unrecoverable exception") >= 1);
    }

    @Test
    void one_that_hangs_in_stop_or_leaks_is_given_up_and_disturbs_nobody() throws Exception {
        ConnectWorker worker = worker("a:1");
        count(worker, "good", "upTo", "1000000000");
        count(worker, "hanger", "trouble", "hang", "upTo", "10");
        count(worker, "leaker", "trouble", "leak", "upTo", "10");
        Await.until(
                "all run",
                () -> allRun(worker, "good", 1) && allRun(worker, "hanger", 1) && allRun(worker, "leaker", 1));
        Await.until(
                "counted", () -> read("hanger").size() == 10 && read("leaker").size() == 10);

        FutureCallback<Herder.Created<ConnectorInfo>> deleted = new FutureCallback<>();
        worker.herder().deleteConnectorConfig("leaker", deleted);
        deleted.get();
        count(worker, "hanger", "trouble", "", "upTo", "20");
        long before = read("good").size();
        Await.until("good goes on", () -> read("good").size() > before + 100);
        Await.until("a new one in its place", () -> read("hanger").size() >= 20 && allRun(worker, "hanger", 1));
        Await.until("gone", () -> state(worker, "leaker").equals("none"));
    }

    @Test
    void a_record_that_nothing_can_be_done_with_goes_to_the_dead_letters_with_its_cause() throws Exception {
        ConnectWorker worker = worker("a:1");
        levada.blocking().createTopic(TopicSpec.of("poisoned"));
        for (String value : List.of("1", "{no JSON", "2")) {
            levada.blocking().publish("poisoned", Record.ofValue(value));
        }
        collect(
                worker,
                "healthy",
                "poisoned",
                "errors.tolerance",
                "all",
                "errors.deadletterqueue.topic.name",
                "dead",
                "errors.deadletterqueue.topic.replication.factor",
                "1",
                "errors.deadletterqueue.context.headers.enable",
                "true");

        Await.until("collected", () -> CollectingSink.store("healthy").size() == 2);
        assertEquals(List.of(1L, 2L), List.copyOf(CollectingSink.store("healthy")));
        Await.until(
                "told",
                () -> levada.blocking().topics().contains("dead")
                        && read("dead").size() == 1);
        StoredRecord dead = read("dead").get(0);
        assertEquals("{no JSON", dead.valueUtf8());
        Map<String, String> headers = new HashMap<>();
        dead.headers().forEach(header -> headers.put(header.key(), String.valueOf(utf8(header.value()))));
        assertEquals("poisoned", headers.get("__connect.errors.topic"));
        assertEquals("1", headers.get("__connect.errors.offset"));
        assertEquals("VALUE_CONVERTER", headers.get("__connect.errors.stage"));
        assertEquals("healthy", headers.get("__connect.errors.connector.name"));
        assertEquals(
                "org.apache.kafka.connect.errors.DataException", headers.get("__connect.errors.exception.class.name"));
        String trace = String.valueOf(headers.get("__connect.errors.exception.stacktrace"));
        assertTrue(trace.contains("JsonParseException"), trace);
    }

    @Test
    void pauses_resumes_stops_and_deletes() throws Exception {
        ConnectWorker worker = worker("a:1");
        count(worker, "life", "upTo", "1000000000");
        Await.until("running", () -> allRun(worker, "life", 1));
        worker.herder().pauseConnector("life");
        Await.until(
                "paused",
                () -> state(worker, "life").equals("PAUSED")
                        && tasks(worker, "life").get(0).state().equals("PAUSED"));
        worker.herder().resumeConnector("life");
        Await.until("resumed", () -> allRun(worker, "life", 1));
        FutureCallback<Void> stopped = new FutureCallback<>();
        worker.herder().stopConnector("life", stopped);
        stopped.get();
        Await.until(
                "stopped",
                () -> state(worker, "life").equals("STOPPED")
                        && tasks(worker, "life").isEmpty());
        worker.herder().resumeConnector("life");
        Await.until("started anew", () -> allRun(worker, "life", 1));

        FutureCallback<Herder.Created<ConnectorInfo>> deleted = new FutureCallback<>();
        worker.herder().deleteConnectorConfig("life", deleted);
        deleted.get();
        Await.until("gone", () -> state(worker, "life").equals("none"));
        assertEquals(List.of(), List.copyOf(worker.herder().connectors()));
    }

    @Test
    void a_record_of_the_table_that_is_none_keeps_nobody_from_the_others() throws Exception {
        ConnectWorker worker = worker("a:1");
        levada.blocking().publish("connect-configs", Record.of("odd", "{no JSON"));
        count(worker, "even", "upTo", "1");
        Await.until("running", () -> allRun(worker, "even", 1));
        assertEquals(List.of("even"), List.copyOf(worker.herder().connectors()));
        assertTrue(TestGate.expectError("odd of connect-configs-0 is left out") >= 1);
    }

    @Test
    void a_status_that_is_none_keeps_no_worker_from_its_work() throws Exception {
        ConnectWorker first = worker("a:1");
        levada.blocking()
                .publish(
                        "connect-status", Record.of("a", "{\"connector\":\"x\",\"worker_id\":\"b\",\"state\":\"UP\"}"));
        levada.blocking().publish("connect-status", Record.of("b", "{\"state\":\"RUNNING\"}"));
        count(first, "through", "upTo", "1");
        Await.until("running", () -> allRun(first, "through", 1));

        ConnectWorker second = worker("b:2");
        Await.until("told", () -> allRun(second, "through", 1));
        assertTrue(TestGate.expectError("a of connect-status-0 is left out: there is no state UP") >= 1);
        assertTrue(TestGate.expectError("b of connect-status-0 is left out: it does not say whose") >= 1);
    }
}
