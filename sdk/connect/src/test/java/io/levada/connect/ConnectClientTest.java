package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.End;
import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.access.AccessControl;
import io.levada.connect.rest.Gate;
import io.levada.connect.rest.RestServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A worker as a client of Kafka Connect sees it: the requests that Kafka Connect's documentation describes ("REST API", and KIP-875
 * for offsets), against a worker that runs, with the shapes and status codes that are documented there.
 */
class ConnectClientTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> SETTINGS =
            Map.of("value.converter.schemas.enable", "false", "key.converter.schemas.enable", "false");

    private final Levada levada = Levada.open("memory:");
    private final ConnectWorker worker = ConnectWorker.start(levada, "connect", "127.0.0.1:8083", SETTINGS);
    private final RestServer rest = RestServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            worker.herder(),
            worker::metricsPage,
            Gate.loopbackNames(),
            AccessControl.open());
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void close() {
        rest.close();
        worker.close();
        levada.close();
    }

    private record Answered(int status, JsonNode body) {}

    private Answered send(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + rest.address().getPort() + path))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')))
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            return new Answered(
                    response.statusCode(),
                    response.body().isEmpty() ? JSON.nullNode() : JSON.readTree(response.body()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private JsonNode get(String path) {
        Answered answered = send("GET", path, "");
        assertEquals(200, answered.status(), path);
        return answered.body();
    }

    private static JsonNode json(String text) throws Exception {
        return JSON.readTree(text.replace('\'', '"'));
    }

    private boolean runs(String connector) {
        Answered status = send("GET", "/connectors/" + connector + "/status", "");
        return status.status() == 200
                && status.body().path("connector").path("state").asText().equals("RUNNING")
                && status.body().path("tasks").path(0).path("state").asText().equals("RUNNING");
    }

    private static String counting(String topic, String more) {
        return "{'connector.class': 'CountingSource', 'tasks.max': '1', 'topic': '" + topic + "', 'upTo': '5'" + more
                + "}";
    }

    private void create(String name, String more) {
        assertEquals(
                201,
                send("POST", "/connectors", "{'name': '" + name + "', 'config': " + counting(name, more) + "}")
                        .status());
        Await.until("running", () -> runs(name));
    }

    @Test
    void creates_describes_and_deletes() throws Exception {
        Answered created = send("POST", "/connectors", "{'name': 'one', 'config': " + counting("one", "") + "}");
        assertEquals(201, created.status());
        assertEquals(
                json("{'name': 'one', 'config': {'connector.class': 'CountingSource', 'tasks.max': '1', 'topic': 'one',"
                        + " 'upTo': '5', 'name': 'one'}, 'tasks': [], 'type': 'source'}"),
                created.body());
        Await.until("running", () -> runs("one"));

        assertEquals(json("['one']"), get("/connectors"));
        assertEquals(
                json("[{'connector': 'one', 'task': 0}]"),
                get("/connectors/one").path("tasks"));
        assertEquals(
                json(
                        "{'name': 'one', 'connector': {'state': 'RUNNING', 'worker_id': '127.0.0.1:8083', 'version': '1.2'},"
                                + " 'tasks': [{'id': 0, 'state': 'RUNNING', 'worker_id': '127.0.0.1:8083', 'version': '1.2'}],"
                                + " 'type': 'source'}"),
                get("/connectors/one/status"));
        assertEquals(
                409,
                send("POST", "/connectors", "{'name': 'one', 'config': " + counting("one", "") + "}")
                        .status());
        Await.until(
                "topics known", () -> get("/connectors/one/topics").toString().contains("[\"one\"]"));

        assertEquals(204, send("DELETE", "/connectors/one", "").status());
        Answered gone = send("GET", "/connectors/one", "");
        assertEquals(404, gone.status());
        assertEquals(json("{'error_code': 404, 'message': 'Connector one not found'}"), gone.body());
    }

    @Test
    void restarts_what_is_asked_for() throws Exception {
        create("again", "");
        assertEquals(204, send("POST", "/connectors/again/restart", "").status());
        assertEquals(204, send("POST", "/connectors/again/tasks/0/restart", "").status());
        Answered both = send("POST", "/connectors/again/restart?includeTasks=true&onlyFailed=false", "");
        assertEquals(202, both.status());
        assertEquals("RESTARTING", both.body().path("connector").path("state").asText());
        assertEquals(
                "RESTARTING", both.body().path("tasks").path(0).path("state").asText());
        Await.until("running again", () -> runs("again"));
        assertEquals(404, send("POST", "/connectors/nobody/restart", "").status());
        assertEquals(404, send("POST", "/connectors/again/tasks/7/restart", "").status());
    }

    @Test
    void tells_alters_and_resets_the_offsets_of_a_source() throws Exception {
        create("offsets", "");
        Await.until(
                "committed", () -> get("/connectors/offsets/offsets").toString().contains("\"next\":5"));
        assertEquals(
                json("{'offsets': [{'partition': {'number': '0'}, 'offset': {'next': 5}}]}"),
                get("/connectors/offsets/offsets"));
        assertEquals(400, send("DELETE", "/connectors/offsets/offsets", "").status());

        assertEquals(204, send("PUT", "/connectors/offsets/stop", "").status());
        Await.until(
                "stopped", () -> get("/connectors/offsets/status").path("tasks").isEmpty());
        Answered altered = send(
                "PATCH",
                "/connectors/offsets/offsets",
                "{'offsets': [{'partition': {'number': '0'}, 'offset': {'next': 3}}]}");
        assertEquals(200, altered.status(), altered.toString());
        assertEquals(
                json("{'message': 'The offsets for this connector have been altered successfully'}"), altered.body());
        assertEquals(202, send("PUT", "/connectors/offsets/resume", "").status());
        Await.until("counted 3 and 4 again", () -> count("offsets") == 7);

        assertEquals(204, send("PUT", "/connectors/offsets/stop", "").status());
        Await.until(
                "stopped", () -> get("/connectors/offsets/status").path("tasks").isEmpty());
        assertEquals(
                json("{'message': 'The offsets for this connector have been reset successfully'}"),
                send("DELETE", "/connectors/offsets/offsets", "").body());
        assertEquals(json("{'offsets': []}"), get("/connectors/offsets/offsets"));
    }

    private int count(String topic) {
        Long count = levada.read(ReadSpec.of(topic).to(End.now())).count().block();
        return count == null ? 0 : count.intValue();
    }

    @Test
    void tells_and_resets_the_place_of_a_sink() throws Exception {
        create("numbers", "");
        String sink = "{'name': 'sink', 'config': {'connector.class': 'CollectingSink', 'tasks.max': '1',"
                + " 'topics': 'numbers', 'store': 'places'}}";
        assertEquals(201, send("POST", "/connectors", sink).status());
        JsonNode there = json("{'offsets': [{'partition': {'kafka_topic': 'numbers', 'kafka_partition': 0},"
                + " 'offset': {'kafka_offset': 5}}]}");
        Await.until("committed", () -> get("/connectors/sink/offsets").equals(there));

        assertEquals(204, send("PUT", "/connectors/sink/stop", "").status());
        Await.until(
                "stopped", () -> get("/connectors/sink/status").path("tasks").isEmpty());
        Answered reset = send("DELETE", "/connectors/sink/offsets", "");
        assertEquals(200, reset.status(), reset.toString());
        assertEquals(202, send("PUT", "/connectors/sink/resume", "").status());
        Await.until("all again", () -> CollectingSink.store("places").size() == 10);
    }

    @Test
    void validates_before_anything_starts() throws Exception {
        Answered checked = send(
                "PUT", "/connector-plugins/CountingSource/config/validate", "{'connector.class': 'CountingSource'}");
        assertEquals(200, checked.status());
        assertEquals("CountingSource", checked.body().path("name").asText());
        assertEquals(2, checked.body().path("error_count").asInt());
        assertTrue(checked.body().path("groups").isArray());
        JsonNode topic = null;
        for (JsonNode each : checked.body().path("configs")) {
            topic = each.path("definition").path("name").asText().equals("topic") ? each : topic;
        }
        assertEquals(
                json(
                        "{'name': 'topic', 'type': 'STRING', 'required': true, 'default_value': null, 'importance': 'HIGH',"
                                + " 'documentation': 'where it counts', 'group': null, 'width': 'NONE', 'display_name': 'topic',"
                                + " 'dependents': [], 'order': -1}"),
                topic == null ? null : withoutOrderInGroup(topic.path("definition")));

        Answered refused =
                send("POST", "/connectors", "{'name': 'bad', 'config': {'connector.class': 'CountingSource'}}");
        assertEquals(400, refused.status());
        assertTrue(
                refused.body()
                        .path("message")
                        .asText()
                        .startsWith("Connector configuration is invalid and contains the following 1 error(s):"),
                refused.toString());
        assertEquals(json("[]"), get("/connectors"));
    }

    private static JsonNode withoutOrderInGroup(JsonNode definition) {
        com.fasterxml.jackson.databind.node.ObjectNode copy = definition.deepCopy();
        copy.remove("order_in_group");
        return copy.put("order", -1);
    }

    @Test
    void shows_no_secret_and_takes_back_what_it_hid() throws Exception {
        create("quiet", ", 'password': 'hush'");
        assertEquals(
                "[hidden]", get("/connectors/quiet/config").path("password").asText());
        String shown = get("/connectors/quiet/config").toString();
        assertEquals(
                200,
                send("PUT", "/connectors/quiet/config", shown.replace("\"5\"", "\"6\""))
                        .status());
        assertEquals(
                "hush",
                worker.herder() instanceof WorkerHerder herder
                        ? herder.rawConfig("quiet").get("password")
                        : null);
        assertTrue(!get("/connectors?expand=info&expand=status").toString().contains("hush"));
        assertTrue(!get("/connectors/quiet/tasks").toString().contains("hush"));
    }

    @Test
    void tells_its_metrics() {
        create("metered", "");
        assertEquals(
                201,
                send(
                                "POST",
                                "/connectors",
                                "{'name': 'drain', 'config': {'connector.class': 'CollectingSink', 'tasks.max': '1',"
                                        + " 'topics': 'metered', 'store': 'metered'}}")
                        .status());
        Await.until("all is told", () -> {
            String page = metrics();
            return page.contains(
                            "kafka_connect_source_task_metrics_source_record_write_total{connector=\"metered\",task=\"0\"} 5.0")
                    && page.contains(
                            "kafka_connect_sink_task_metrics_sink_record_send_total{connector=\"drain\",task=\"0\"} 5.0")
                    && page.contains(
                            "levada_connect_sink_lag_records{connector=\"drain\",partition=\"0\",topic=\"metered\"} 0.0")
                    && page.contains(
                            "kafka_connect_task_error_metrics_total_record_errors{connector=\"drain\",task=\"0\"} 0.0")
                    && page.contains("levada_connect_task_last_success_age_seconds{connector=\"metered\",task=\"0\"}");
        });
        assertEquals(204, send("DELETE", "/connectors/drain", "").status());
        Await.until("it is gone from the page", () -> !metrics().contains("drain"));
    }

    /** A task of Connect's own has one that throws, too, until it has its first state. */
    @Test
    void tells_its_metrics_beside_those_that_no_page_can_show() {
        create("mismeasured", ", 'trouble': 'mismeasure'");
        Await.until("the rest is told", () -> {
            String page = metrics();
            return page.contains(
                            "kafka_connect_source_task_metrics_source_record_write_total{connector=\"mismeasured\",task=\"0\"} 5.0")
                    && page.contains("kafka_connect_plugins_next_total{connector=\"mismeasured\",task=\"0\"} 5.0")
                    && page.contains("levada_connect_task_last_success_age_seconds{connector=\"mismeasured\"");
        });
        assertTrue(!metrics().contains("kafka_connect_plugins_broken"));
    }

    private String metrics() {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + rest.address().getPort() + "/metrics"))
                .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
