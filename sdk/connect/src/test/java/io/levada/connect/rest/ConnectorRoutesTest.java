package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.Herder.Created;
import org.apache.kafka.connect.runtime.rest.entities.ActiveTopicsInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo.ConnectorState;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo.TaskState;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorType;
import org.apache.kafka.connect.runtime.rest.entities.Message;
import org.apache.kafka.connect.runtime.rest.entities.TaskInfo;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Connectors over HTTP. Statuses and shapes are those of Kafka Connect's documentation (kafka.apache.org/43, "REST API", and
 * Confluent's "Kafka Connect REST Interface"), names of fields those of {@code runtime.rest.entities} of connect-runtime
 * 4.3.1, statuses that the documentation leaves out those of its {@code ConnectorsResource}.
 */
@Timeout(60)
final class ConnectorRoutesTest {
    private static final ConnectorInfo INFO = new ConnectorInfo(
            "lines",
            Map.of("name", "lines", "file", "in.txt"),
            List.of(new ConnectorTaskId("lines", 0)),
            ConnectorType.SOURCE);
    private static final String INFO_JSON = """
            {"name": "lines", "config": {"name": "lines", "file": "in.txt"},
             "tasks": [{"connector": "lines", "task": 0}], "type": "source"}""";

    private static final TaskState FAILED = new TaskState(0, "FAILED", "127.0.0.1:8083", "it broke\n", "4.3.1");
    private static final String FAILED_JSON = """
            {"id": 0, "state": "FAILED", "worker_id": "127.0.0.1:8083", "trace": "it broke\\n", "version": "4.3.1"}""";

    /** A trace that is empty and a version that is unknown are left out. */
    private static final ConnectorStateInfo STATE = new ConnectorStateInfo(
            "lines",
            new ConnectorState("RUNNING", "127.0.0.1:8083", "", "undefined"),
            List.of(FAILED),
            ConnectorType.SOURCE);

    private static final String STATE_JSON = """
            {"name": "lines", "connector": {"state": "RUNNING", "worker_id": "127.0.0.1:8083"},
             "tasks": [%s], "type": "source"}""".formatted(FAILED_JSON);

    private final Served rest = new Served();

    @AfterEach
    void stop() {
        rest.close();
    }

    @Test
    void lists_names() {
        rest.herder.returns("connectors", List.of("lines", "more"));

        rest.expect("GET", "/connectors", "", 200, "[\"lines\", \"more\"]");
        rest.expect("GET", "/connectors/", "", 200, "[\"lines\", \"more\"]");
    }

    @Test
    void lists_each_with_what_is_asked_for_and_without_those_deleted_meanwhile() {
        rest.herder.returns("connectors", List.of("gone", "lines")).returns("connectorInfo", INFO);
        rest.herder.on("connectorStatus", (arguments, callback) -> {
            if (arguments.contains("gone")) {
                throw new NotFoundException("No status found for connector gone");
            }
            return STATE;
        });

        rest.expect(
                "GET",
                "/connectors?expand=status&expand=info&expand=else",
                "",
                200,
                "{\"lines\": {\"status\": %s, \"info\": %s}}".formatted(STATE_JSON, INFO_JSON));
        rest.expect("GET", "/connectors?expand=status", "", 200, "{\"lines\": {\"status\": %s}}".formatted(STATE_JSON));
    }

    @ParameterizedTest
    @CsvSource({"'', null", "running, STARTED", "PAUSED, PAUSED", "STOPPED, STOPPED"})
    void creates_one_in_the_state_that_is_asked_for(String initial, String target) {
        rest.herder.returns("putConnectorConfig", new Created<>(true, INFO));
        String state = initial.isEmpty() ? "" : ", \"initial_state\": \"" + initial + "\"";

        var made = rest.expect(
                "POST",
                "/connectors",
                "{\"name\": \" lines \", \"config\": {\"tasks.max\": 1}%s}".formatted(state),
                201,
                INFO_JSON);

        assertEquals("/connectors/lines", made.headers().firstValue("Location").orElse(""));
        assertEquals(
                List.of("putConnectorConfig[lines, {tasks.max=1, name=lines}, " + target + ", false]"),
                rest.herder.calls());
    }

    @Test
    void creates_one_that_has_no_name_to_let_its_validation_say_so() {
        rest.herder.returns("putConnectorConfig", new Created<>(true, INFO));

        rest.expect("POST", "/connectors", "{\"config\": {}}", 201, INFO_JSON);

        assertEquals(List.of("putConnectorConfig[, {name=}, null, false]"), rest.herder.calls());
    }

    @Test
    void describes_and_deletes_one() {
        rest.herder.returns("connectorInfo", INFO).returns("deleteConnectorConfig", new Created<>(false, null));

        rest.expect("GET", "/connectors/lines", "", 200, INFO_JSON);
        rest.expect("DELETE", "/connectors/lines", "", 204, "");

        assertEquals(List.of("connectorInfo[lines]", "deleteConnectorConfig[lines]"), rest.herder.calls());
    }

    @Test
    void gives_the_settings() {
        Map<String, String> config = new LinkedHashMap<>(Map.of("file", "in.txt"));
        config.put("topic", null);
        rest.herder.returns("connectorConfig", config);

        rest.expect("GET", "/connectors/lines/config", "", 200, "{\"file\": \"in.txt\", \"topic\": null}");
    }

    @Test
    void settings_that_make_a_connector_are_told_from_those_that_change_one() {
        rest.herder.returns("putConnectorConfig", new Created<>(true, INFO));
        var made = rest.expect("PUT", "/connectors/lines/config", "{\"file\": \"in.txt\"}", 201, INFO_JSON);
        assertEquals("/connectors/lines", made.headers().firstValue("Location").orElse(""));

        rest.herder.returns("putConnectorConfig", new Created<>(false, INFO));
        var changed = rest.expect("PUT", "/connectors/lines/config", "{\"name\": \"lines\"}", 200, INFO_JSON);
        assertTrue(changed.headers().firstValue("Location").isEmpty());

        assertEquals(
                List.of(
                        "putConnectorConfig[lines, {file=in.txt, name=lines}, true]",
                        "putConnectorConfig[lines, {name=lines}, true]"),
                rest.herder.calls());
    }

    @Test
    void a_patch_takes_settings_away_by_null() {
        rest.herder.returns("patchConnectorConfig", new Created<>(false, INFO));

        rest.expect("PATCH", "/connectors/lines/config", "{\"file\": \"b.txt\", \"old\": null}", 200, INFO_JSON);

        assertEquals(List.of("patchConnectorConfig[lines, {file=b.txt, old=null}]"), rest.herder.calls());
    }

    @Test
    void a_name_in_the_settings_that_is_not_the_connectors_is_refused() {
        String message = "Connector name configuration (b) doesn't match connector name in the URL (a)";

        assertEquals(message, rest.expectError("PUT", "/connectors/a/config", "{\"name\": \"b\"}", 400));
        assertEquals(
                message,
                rest.expectError("POST", "/connectors", "{\"name\": \"a\", \"config\": {\"name\": \"b\"}}", 400));
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void tells_the_topics_and_forgets_them() {
        rest.herder.returns("connectorActiveTopics", new ActiveTopicsInfo("lines", List.of("t1", "t2")));
        rest.herder.returns("resetConnectorActiveTopics", null);

        rest.expect("GET", "/connectors/lines/topics", "", 200, "{\"lines\": {\"topics\": [\"t1\", \"t2\"]}}");
        rest.expect("PUT", "/connectors/lines/topics/reset", "", 202, "");
    }

    @Test
    void lists_tasks_and_tells_states() {
        rest.herder.returns("taskConfigs", List.of(new TaskInfo(new ConnectorTaskId("lines", 0), Map.of("file", "a"))));
        rest.herder.returns("connectorStatus", STATE).returns("taskStatus", FAILED);

        rest.expect(
                "GET",
                "/connectors/lines/tasks",
                "",
                200,
                "[{\"id\": {\"connector\": \"lines\", \"task\": 0}, \"config\": {\"file\": \"a\"}}]");
        rest.expect("GET", "/connectors/lines/status", "", 200, STATE_JSON);
        rest.expect("GET", "/connectors/lines/tasks/0/status", "", 200, FAILED_JSON);
        assertEquals(
                List.of("taskConfigs[lines]", "connectorStatus[lines]", "taskStatus[lines-0]"), rest.herder.calls());
    }

    @ParameterizedTest
    @CsvSource({
        "PUT,  /connectors/lines/pause,           202, pauseConnector[lines]",
        "PUT,  /connectors/lines/resume,          202, resumeConnector[lines]",
        "PUT,  /connectors/lines/stop,            204, stopConnector[lines]",
        "POST, /connectors/lines/restart,         204, restartConnector[lines]",
        "POST, /connectors/lines/tasks/3/restart, 204, restartTask[lines-3]",
        "POST, /connectors/lines/restart?includeTasks=false&onlyFailed=FALSE, 204, restartConnector[lines]"
    })
    void does_what_has_nothing_to_tell(String method, String path, int status, String call) {
        rest.herder.returns(call.substring(0, call.indexOf('[')), null);

        rest.expect(method, path, "", status, "");

        assertEquals(List.of(call), rest.herder.calls());
    }

    @ParameterizedTest
    @CsvSource({
        "includeTasks=true,                  false, true",
        "onlyFailed=true,                    true,  false",
        "includeTasks=true&onlyFailed=true,  true,  true"
    })
    void a_restart_of_more_than_the_connector_tells_the_states(String query, boolean onlyFailed, boolean tasks) {
        rest.herder.returns("restartConnectorAndTasks", STATE);

        rest.expect("POST", "/connectors/lines/restart?" + query, "", 202, STATE_JSON);

        assertEquals(
                List.of("restartConnectorAndTasks[restart request for {connectorName='lines', onlyFailed=" + onlyFailed
                        + ", includeTasks=" + tasks + "}]"),
                rest.herder.calls());
    }

    @ParameterizedTest
    @ValueSource(strings = {"includeTasks=yes", "onlyFailed=1", "onlyFailed=", "includeTasks"})
    void a_flag_is_true_or_false(String query) {
        String message = rest.expectError("POST", "/connectors/lines/restart?" + query, "", 400);

        assertTrue(message.contains("takes true or false"), message);
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void tells_alters_and_resets_offsets() {
        ConnectorOffset line = new ConnectorOffset(Map.of("filename", "in.txt"), Map.of("position", 30));
        String offsets = "{\"offsets\": [{\"partition\": {\"filename\": \"in.txt\"}, \"offset\": {\"position\": 30}}]}";
        rest.herder.returns("connectorOffsets", new ConnectorOffsets(List.of(line)));
        rest.herder.returns("alterConnectorOffsets", new Message("altered"));
        rest.herder.returns("resetConnectorOffsets", new Message("reset"));

        rest.expect("GET", "/connectors/lines/offsets", "", 200, offsets);
        rest.expect("PATCH", "/connectors/lines/offsets", offsets, 200, "{\"message\": \"altered\"}");
        rest.expect("DELETE", "/connectors/lines/offsets", "", 200, "{\"message\": \"reset\"}");

        assertEquals(
                List.of(
                        "connectorOffsets[lines]",
                        "alterConnectorOffsets[lines, {{filename=in.txt}={position=30}}]",
                        "resetConnectorOffsets[lines]"),
                rest.herder.calls());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"offsets\": []}", "{\"offsets\": [null]}"})
    void offsets_are_not_altered_to_nothing(String body) {
        assertEquals(
                "Partitions / offsets need to be provided for an alter offsets request",
                rest.expectError("PATCH", "/connectors/lines/offsets", body, 400));
    }

    @Test
    void names_hold_what_a_path_does_not() {
        rest.herder.returns("connectorStatus", STATE).returns("putConnectorConfig", new Created<>(true, INFO));

        rest.expect("GET", "/connectors/a%20b%2Fc+d%C3%A9/status", "", 200, STATE_JSON);
        var made = rest.expect("PUT", "/connectors/a%20b%2Fc+d%C3%A9/config", "{}", 201, INFO_JSON);

        assertEquals(
                "/connectors/a%20b%2Fc%2Bd%C3%A9",
                made.headers().firstValue("Location").orElse(""));
        assertEquals(
                List.of("connectorStatus[a b/c+dé]", "putConnectorConfig[a b/c+dé, {name=a b/c+dé}, true]"),
                rest.herder.calls());
    }

    @ParameterizedTest
    @ValueSource(strings = {"first", "-", "1.0", "99999999999"})
    void a_task_that_is_no_number_is_not_there(String task) {
        String message = rest.expectError("GET", "/connectors/lines/tasks/" + task + "/status", "", 404);

        assertEquals("Tasks are numbered from 0, there is no task " + task, message);
    }
}
