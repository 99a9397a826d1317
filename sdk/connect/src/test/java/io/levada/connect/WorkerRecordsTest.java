package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.End;
import io.levada.Levada;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.connect.runtime.AbstractStatus.State;
import org.apache.kafka.connect.runtime.ConnectorStatus;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.TaskStatus;
import org.apache.kafka.connect.runtime.TopicStatus;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What workers write is what the file says, which is what the console's tests show it: neither may change alone. With {@code
 * -Dgolden.write=DIR} the file is written anew.
 */
class WorkerRecordsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "connectors.json";
    private static final String WORKER = "127.0.0.1:8083";
    private static final Map<String, String> NUMBERS = Map.of(
            "name", "numbers",
            "connector.class", "org.example.numbers.NumbersSourceConnector",
            "tasks.max", "1");
    private static final Map<String, String> COPY = Map.ofEntries(
            Map.entry("name", "copy"),
            Map.entry("connector.class", "org.example.jdbc.JdbcSinkConnector"),
            Map.entry("tasks.max", "3"),
            Map.entry("topics", "customers"),
            Map.entry("connection.user", "shop"),
            Map.entry("connection.password", "not to be seen"),
            Map.entry("ssl.key.Passphrase", "not to be seen"),
            Map.entry("service.api.key", "not to be seen"),
            Map.entry("service.api_key", "not to be seen"),
            Map.entry("oauth.secret", "not to be seen"),
            Map.entry("oauth.token", "${file:/etc/secrets.properties:token}"),
            Map.entry("basic.credentials", "not to be seen"),
            Map.entry("sasl.jaas.config", "not to be seen"),
            Map.entry("password.policy", "<b>long</b>"),
            Map.entry("token.ttl.ms", "1000"));
    private static final Map<String, String> RESTING = Map.of(
            "name", "resting",
            "connector.class", "org.example.numbers.NumbersSourceConnector",
            "tasks.max", "1");
    private static final String TRACE = """
            org.apache.kafka.connect.errors.ConnectException: no <img src=x onerror="document.title='taken over'">
            \tat org.example.jdbc.JdbcSinkTask.put(JdbcSinkTask.java:77)
            Caused by: java.sql.SQLException: relation "customers" does not exist
            """;

    private final Levada levada = Levada.open("memory:");
    private final ConnectorTable connectors = new ConnectorTable(levada, "connect-configs", "connect-work", () -> {});
    private final StatusTable statuses = new StatusTable(levada, "connect-status", WORKER);
    private final Map<String, Long> seen = new HashMap<>();

    @BeforeEach
    void start() {
        levada.topics().create(TopicSpec.of("connect-work")).block();
        connectors.start();
        statuses.start();
    }

    @AfterEach
    void close() {
        connectors.close();
        statuses.close();
        levada.close();
    }

    @Test
    void workers_write_what_the_console_is_shown() throws IOException {
        ObjectNode written = JSON.createObjectNode();
        written.set("there", stage(this::make, 5, 10));
        written.set("fails", stage(() -> task("copy", 1, State.FAILED, TRACE), 0, 1));
        written.set("shrinks", stage(() -> connectors.putTaskConfigs("copy", tasks(2)), 1, 0));
        written.set("goes", stage(this::delete, 1, 5));
        written.set("shown", JSON.valueToTree(new Secrets(type -> Set.of()).masked(COPY, COPY)));

        String directory = System.getProperty("golden.write");
        if (directory != null) {
            JSON.writerWithDefaultPrettyPrinter()
                    .writeValue(Path.of(directory, FILE).toFile(), written);
        }
        try (InputStream golden = getClass().getResourceAsStream("/golden/" + FILE)) {
            assertEquals(JSON.readTree(Objects.requireNonNull(golden, FILE)), written);
        }
    }

    private void make() {
        connectors.putConnectorConfig("numbers", NUMBERS, null);
        connectors.putTaskConfigs("numbers", tasks(1));
        connectors.putConnectorConfig("copy", COPY, null);
        connectors.putTaskConfigs("copy", tasks(3));
        connectors.putConnectorConfig("resting", RESTING, TargetState.PAUSED);
        connector("numbers", State.RUNNING);
        task("numbers", 0, State.RUNNING, null);
        connector("copy", State.RUNNING);
        task("copy", 0, State.RUNNING, null);
        task("copy", 1, State.RUNNING, null);
        task("copy", 2, State.RUNNING, null);
        connector("resting", State.PAUSED);
        uses("copy", "customers");
        uses("copy", "customers-late");
        uses("numbers", "numbers");
    }

    private void delete() {
        connectors.removeConnectorConfig("copy");
        statuses.deleteTopic("copy", "customers");
        connector("copy", State.DESTROYED);
        for (int task = 0; task < 3; task++) {
            task("copy", task, State.DESTROYED, null);
        }
    }

    private static List<Map<String, String>> tasks(int count) {
        Map<String, String> task = Map.of("task.class", "org.example.Task");
        return Collections.nCopies(count, task);
    }

    private void connector(String name, State state) {
        statuses.put(new ConnectorStatus(name, state, null, WORKER, 7, "1.2"));
    }

    private void task(String connector, int task, State state, @Nullable String trace) {
        statuses.put(new TaskStatus(new ConnectorTaskId(connector, task), state, WORKER, 7, trace, "1.2"));
    }

    private void uses(String connector, String topic) {
        statuses.put(new TopicStatus(topic, connector, 0, 1_700_000_000_000L));
    }

    /** What is written in each of the two topics while something is done, so many records. */
    private ObjectNode stage(Runnable what, int configs, int told) {
        what.run();
        ObjectNode stage = JSON.createObjectNode();
        stage.set("configs", next("connect-configs", configs));
        stage.set("status", next("connect-status", told));
        return stage;
    }

    private ArrayNode next(String topic, int count) {
        long from = seen.getOrDefault(topic, 0L);
        Await.until(topic + " has " + count + " more", () -> end(topic) >= from + count);
        seen.put(topic, from + count);
        List<StoredRecord> records = levada.read(
                        ReadSpec.of(topic).from(Position.offset(from)).to(End.now()))
                .collectList()
                .block();
        ArrayNode written = JSON.createArrayNode();
        for (StoredRecord record : Objects.requireNonNull(records)) {
            ObjectNode one = written.addObject().put("key", record.keyUtf8());
            one.set("value", value(record));
        }
        return written;
    }

    private static JsonNode value(StoredRecord record) {
        byte[] value = record.value();
        try {
            return value == null ? JSON.nullNode() : JSON.readTree(value);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private long end(String topic) {
        return levada.blocking().describeTopic(topic).partitions().get(0).durable();
    }
}
