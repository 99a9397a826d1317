package io.levada.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/** A group of workers as the log knows it: its topics, and the records that the tests of {@code sdk/connect} hold workers to. */
final class WorkerRecords {
    private static final Path FILE = Path.of("../sdk/connect/src/test/resources/golden/connectors.json");

    private final Levada levada;
    private final String group;
    private final JsonNode written;

    /** Makes its topics, as a worker does. */
    WorkerRecords(Levada levada, String group) {
        this.levada = levada;
        this.group = group;
        try {
            this.written = new ObjectMapper().readTree(FILE.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (String topic : List.of("-configs", "-offsets", "-status")) {
            levada.topics()
                    .create(TopicSpec.of(group + topic)
                            .config(Map.of("cleanup.policy", "compact", "retention.ms", "-1")))
                    .block();
        }
        levada.topics().create(TopicSpec.of(group + "-work")).block();
    }

    /** Publishes what workers wrote then: {@code there}, {@code fails}, {@code shrinks} or {@code goes}. */
    void publish(String stage) {
        for (Map.Entry<String, JsonNode> topic : written.path(stage).properties()) {
            List<Record> records = new ArrayList<>();
            for (JsonNode each : topic.getValue()) {
                JsonNode value = each.path("value");
                records.add(record(each.path("key").asText(), value.isNull() ? null : value.toString()));
            }
            put(topic.getKey(), records);
        }
    }

    /** Publishes to its topic {@code configs} or {@code status}. */
    void put(String topic, List<Record> records) {
        levada.publish(group + "-" + topic, Flux.fromIterable(records)).blockLast();
    }

    static Record record(String key, @Nullable String value) {
        return Record.of(
                key.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8));
    }

    /** What a worker shows of the configuration of {@code copy}, in the order of its names. */
    Map<String, String> shown() {
        Map<String, String> shown = new TreeMap<>();
        for (Map.Entry<String, JsonNode> each : written.path("shown").properties()) {
            shown.put(each.getKey(), each.getValue().asText());
        }
        return shown;
    }
}
