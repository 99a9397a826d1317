package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicSpec;
import io.levada.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Topics of a server: each call is one request when subscribed to. */
final class RemoteTopics implements Topics {
    private final Link link;
    private final Producers producers;

    RemoteTopics(Link link, Producers producers) {
        this.link = link;
        this.producers = producers;
    }

    @Override
    public Mono<TopicDescription> create(TopicSpec spec) {
        ObjectNode request = Wire.object()
                .put("name", spec.name())
                .put("partitions", spec.partitions())
                .put("replicationFactor", spec.replicationFactor());
        spec.config().forEach(request.putObject("config")::put);
        return link.change("topics.create", request, RemoteTopics::description)
                .doOnNext(made -> link.onLoop(() -> producers.forget(spec.name())));
    }

    @Override
    public Flux<String> list() {
        return link.repeatable("topics.list", Wire.object(), answer -> Wire.texts(answer, "topics"))
                .flatMapIterable(names -> names);
    }

    @Override
    public Mono<TopicDescription> describe(String name) {
        ObjectNode request = Wire.object().put("name", name);
        return link.repeatable("topics.describe", request, RemoteTopics::description);
    }

    @Override
    public Mono<SortedMap<Integer, Long>> offsets(String name, @Nullable Integer partition, Position at) {
        ObjectNode request = Wire.object().put("topic", name).put("at", at.spelled());
        if (partition != null) {
            request.put("partition", partition);
        }
        return link.repeatable("offsets", request, RemoteTopics::offsets);
    }

    private static SortedMap<Integer, Long> offsets(JsonNode answer) {
        SortedMap<Integer, Long> offsets = new TreeMap<>();
        for (JsonNode place : Wire.array(answer, "offsets")) {
            offsets.put(Wire.integer(place, "partition"), Wire.number(place, "offset"));
        }
        return offsets;
    }

    @Override
    public Mono<TopicDescription> alter(String name, Map<String, String> config) {
        ObjectNode request = Wire.object().put("name", name);
        config.forEach(request.putObject("config")::put);
        return link.change("topics.alter", request, RemoteTopics::description);
    }

    @Override
    public Mono<TopicDescription> addPartitions(String name, int count) {
        ObjectNode request = Wire.object().put("name", name).put("partitions", count);
        return link.change("topics.alter", request, RemoteTopics::description);
    }

    @Override
    public Mono<Long> deleteRecords(String name, int partition, long beforeOffset) {
        ObjectNode request =
                Wire.object().put("name", name).put("partition", partition).put("beforeOffset", beforeOffset);
        return link.change("topics.deleteRecords", request, answer -> Wire.number(answer, "start"));
    }

    @Override
    public Mono<Void> delete(String name) {
        ObjectNode request = Wire.object().put("name", name);
        return link.change("topics.delete", request, answer -> answer)
                .doOnNext(deleted -> link.onLoop(() -> producers.forget(name)))
                .then();
    }

    private static TopicDescription description(JsonNode answer) {
        List<PartitionDescription> partitions = new ArrayList<>();
        for (JsonNode partition : Wire.array(answer, "partitions")) {
            partitions.add(new PartitionDescription(
                    Wire.integer(partition, "partition"),
                    Wire.number(partition, "start"),
                    Wire.number(partition, "end"),
                    Wire.number(partition, "durable"),
                    Wire.number(partition, "bytes")));
        }
        Map<String, String> config = new TreeMap<>();
        answer.path("config")
                .properties()
                .forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        return new TopicDescription(
                Wire.text(answer, "name"),
                UUID.fromString(Wire.text(answer, "id")),
                UUID.fromString(Wire.text(answer, "logId")),
                partitions,
                config);
    }
}
