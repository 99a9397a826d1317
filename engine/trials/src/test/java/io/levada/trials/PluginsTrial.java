package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Plugins that nobody made for this, as they are published: Jeremy Custenborder's simulator of people as a source and one of his
 * transforms, and Apache Camel's sink with its component for files. The file has what the topic has.
 */
@Tag("trial")
class PluginsTrial {
    private static final int RECORDS = 1_000;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory = Path.of("");

    private List<Path> connectors() throws IOException {
        Path source = Files.writeString(directory.resolve("people.json"), """
                {"name": "people", "config": {
                  "connector.class": "com.github.jcustenborder.kafka.connect.simulator.SimulatorSourceConnector",
                  "tasks.max": "1", "topic": "some-people", "key.schema.fields": "email",
                  "value.schema.fields": "email,firstName,lastName",
                  "transforms": "case",
                  "transforms.case.type": "com.github.jcustenborder.kafka.connect.transform.common.ChangeTopicCase",
                  "transforms.case.from": "LOWER_HYPHEN", "transforms.case.to": "UPPER_UNDERSCORE",
                  "value.converter": "org.apache.kafka.connect.json.JsonConverter",
                  "value.converter.schemas.enable": "false"}}
                """);
        Path sink = Files.writeString(directory.resolve("file.json"), """
                {"name": "file", "config": {
                  "connector.class": "org.apache.camel.kafkaconnector.CamelSinkConnector",
                  "tasks.max": "1", "topics": "SOME_PEOPLE", "camel.sink.contentLogLevel": "OFF",
                  "camel.sink.url": "file:%s?fileName=people&fileExist=Append",
                  "key.converter": "org.apache.kafka.connect.storage.StringConverter",
                  "value.converter": "org.apache.kafka.connect.storage.StringConverter"}}
                """.formatted(directory));
        return List.of(source, sink);
    }

    @Test
    void plugins_by_others_run_from_their_archives() throws Exception {
        int port = ServerProcess.freePort();
        Path log = directory.resolve("worker.log");
        try (ServerProcess server =
                ServerProcess.start(directory.resolve("store"), directory.resolve("server.log"), port)) {
            assertTrue(server.address().isPresent(), "the server did not start");
            copy("rsocket://127.0.0.1:" + port, log);
        }
    }

    private void copy(String address, Path log) throws Exception {
        // What the simulator stands on is from before modules, and wants both to be open wherever it runs.
        try (WorkerProcess worker = WorkerProcess.start(
                        address,
                        log,
                        ServerProcess.freePort(),
                        connectors(),
                        "--add-opens=java.base/java.lang=ALL-UNNAMED",
                        "--add-opens=java.desktop/java.beans=ALL-UNNAMED");
                Levada levada = Levada.open(address)) {
            String wanted = String.join("", firstValues(levada, worker, log));
            Path file = directory.resolve("people");
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (Files.notExists(file) || Files.size(file) < wanted.length()) {
                assertTrue(System.nanoTime() < end, () -> "the file lacks records; the worker said " + text(log));
                TimeUnit.MILLISECONDS.sleep(100);
            }
            assertEquals(wanted, Files.readString(file).substring(0, wanted.length()));
        }
    }

    /** Of the first records, each of which is a person. */
    private static List<String> firstValues(Levada levada, WorkerProcess worker, Path log) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!levada.topics()
                .list()
                .collectList()
                .blockOptional()
                .orElseThrow()
                .contains("SOME_PEOPLE")) {
            assertTrue(worker.isAlive() && System.nanoTime() < end, () -> "no topic; the worker said " + text(log));
            TimeUnit.MILLISECONDS.sleep(100);
        }
        List<StoredRecord> records = levada.read(ReadSpec.of("SOME_PEOPLE"))
                .take(RECORDS)
                .collectList()
                .blockOptional(PATIENCE)
                .orElseThrow();
        for (StoredRecord record : records) {
            JsonNode person = JSON.readTree(record.value());
            assertTrue(person.path("email").asText().contains("@"), person::toString);
        }
        return records.stream()
                .map(record -> Objects.requireNonNull(record.valueUtf8()))
                .collect(Collectors.toList());
    }

    private static String text(Path log) {
        try {
            String words = Files.readString(log);
            return words.substring(Math.max(0, words.length() - 20_000));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
