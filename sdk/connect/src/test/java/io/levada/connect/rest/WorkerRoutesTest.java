package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.connect.runtime.rest.entities.LoggerLevel;
import org.apache.kafka.connect.util.Stage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The worker itself over HTTP, and its loggers, by {@code RootResource}, {@code LoggingResource} and the entities of
 * connect-runtime 4.3.1.
 */
@Timeout(60)
final class WorkerRoutesTest {
    /** Enough to see the herder wait, when it is to wait. */
    private static final int TIMEOUT_MS = 100;

    private final Served rest = new Served(TIMEOUT_MS, 2_000);

    @AfterEach
    void stop() {
        rest.close();
    }

    @Test
    void says_what_it_is() {
        rest.herder.returns("kafkaClusterId", "a-log");

        rest.expect(
                "GET",
                "/",
                "",
                200,
                "{\"version\": \"4.3.1\", \"commit\": \"%s\", \"kafka_cluster_id\": \"a-log\"}"
                        .formatted(AppInfoParser.getCommitId()));
    }

    @Test
    void is_healthy_when_the_herder_answers() {
        rest.herder.returns("healthCheck", null);

        rest.expect("GET", "/health", "", 200, """
                {"status": "healthy", "message": "Worker has completed startup and is ready to handle requests."}""");
    }

    @ParameterizedTest
    @CsvSource({
        "false, 503, starting, Worker is still starting up.",
        "true, 500, unhealthy, Worker was unable to handle"
    })
    void a_herder_that_does_not_answer_is_starting_or_unhealthy(
            boolean ready, int status, String word, String message) {
        rest.herder.returns("healthCheck", ScriptedHerder.NEVER).returns("isReady", ready);
        checkHealth(status, word, message, "");

        rest.herder.on("healthCheck", (arguments, callback) -> {
            Objects.requireNonNull(callback).recordStage(new Stage("reading offsets", 0));
            return ScriptedHerder.NEVER;
        });
        checkHealth(status, word, message, "The worker is currently reading offsets");
    }

    private void checkHealth(int status, String word, String message, String stage) {
        var answer = rest.send("GET", "/health", "");
        JsonNode health = Served.json(answer.body());

        assertEquals(status, answer.statusCode());
        assertEquals(word, health.path("status").asText());
        assertTrue(health.path("message").asText().startsWith(message), answer.body());
        assertTrue(health.path("message").asText().contains(stage), answer.body());
    }

    @Test
    void a_herder_that_fails_its_health_check_says_why() {
        rest.herder.fails("healthCheck", new LevadaException(ErrorCode.STORAGE_FAILED, "disk"));

        assertEquals("disk", rest.expectError("GET", "/health", "", 503));
    }

    @Test
    void tells_what_is_logged() {
        LoggerLevel changed = new LoggerLevel("DEBUG", 1_767_607_200_000L);
        rest.herder.returns("allLoggerLevels", Map.of("io.levada", changed)).returns("loggerLevel", changed);
        String json = "{\"level\": \"DEBUG\", \"last_modified\": 1767607200000}";

        rest.expect("GET", "/admin/loggers", "", 200, "{\"io.levada\": %s}".formatted(json));
        rest.expect("GET", "/admin/loggers/io.levada", "", 200, json);

        rest.herder.returns("loggerLevel", new LoggerLevel("INFO", null));
        rest.expect("GET", "/admin/loggers/root", "", 200, "{\"level\": \"INFO\", \"last_modified\": null}");

        rest.herder.returns("loggerLevel", null);
        assertEquals("Logger nope not found.", rest.expectError("GET", "/admin/loggers/nope", "", 404));
    }

    @ParameterizedTest
    @CsvSource({"''", "?scope=worker", "?scope=galaxy"})
    void sets_what_this_worker_logs(String query) {
        rest.herder.returns("setWorkerLoggerLevel", List.of("io.levada", "io.levada.connect"));

        rest.expect(
                "PUT",
                "/admin/loggers/io.levada" + query,
                "{\"level\": \"debug\"}",
                200,
                "[\"io.levada\", \"io.levada.connect\"]");

        assertEquals(List.of("setWorkerLoggerLevel[io.levada, debug]"), rest.herder.calls());
    }

    @Test
    void sets_what_all_workers_log() {
        rest.herder.returns("setClusterLoggerLevel", null);

        rest.expect("PUT", "/admin/loggers/root?scope=Cluster", "{\"level\": \"WARN\"}", 204, "");

        assertEquals(List.of("setClusterLoggerLevel[root, WARN]"), rest.herder.calls());
    }

    @Test
    void a_level_that_is_none_is_refused() {
        assertEquals(
                "Desired 'level' parameter was not specified in request.",
                rest.expectError("PUT", "/admin/loggers/root", "{}", 400));
        assertEquals(
                "invalid log level 'LOUD'.",
                rest.expectError("PUT", "/admin/loggers/root", "{\"level\": \"LOUD\"}", 404));
        assertEquals(List.of(), rest.herder.calls());
    }
}
