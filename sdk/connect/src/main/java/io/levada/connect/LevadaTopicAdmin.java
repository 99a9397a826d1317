package io.levada.connect;

import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.util.TopicAdmin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes topics as a connector's {@code topic.creation} rules say, on the log. */
final class LevadaTopicAdmin extends TopicAdmin {
    private static final Logger log = LoggerFactory.getLogger(LevadaTopicAdmin.class);
    private static final Set<String> KNOWN = Set.of(
            "retention.ms",
            "retention.bytes",
            "segment.bytes",
            "cleanup.policy",
            "delete.retention.ms",
            "min.cleanable.dirty.ratio",
            "max.compaction.lag.ms",
            "durability");

    private final Levada levada;

    LevadaTopicAdmin(Levada levada) {
        super(Map.of(), null);
        this.levada = levada;
    }

    /** Only whether they are there is looked at by who asks. */
    @Override
    public Map<String, TopicDescription> describeTopics(String... topics) {
        Map<String, TopicDescription> found = new HashMap<>();
        for (String topic : topics) {
            try {
                if (MissingTopic.isThere(levada, topic)) {
                    found.put(topic, new TopicDescription(topic, false, List.of()));
                }
            } catch (LevadaException e) {
                throw new ConnectException("topic " + topic + " cannot be looked at: " + e.line(), e);
            }
        }
        return found;
    }

    @Override
    public TopicCreationResponse createOrFindTopics(NewTopic... topics) {
        Set<String> created = new HashSet<>();
        Set<String> existing = new HashSet<>();
        for (NewTopic topic : topics) {
            try {
                (MissingTopic.make(levada, spec(topic)) ? created : existing).add(topic.name());
            } catch (LevadaException e) {
                throw new ConnectException("topic " + topic.name() + " cannot be created: " + e.line(), e);
            }
        }
        return new TopicCreationResponse(created, existing);
    }

    private static TopicSpec spec(NewTopic topic) {
        Map<String, String> config = new HashMap<>();
        Map<String, String> asked = topic.configs() == null ? Map.of() : topic.configs();
        asked.forEach((name, value) -> {
            if (KNOWN.contains(name)) {
                config.put(name, value);
            } else {
                log.warn("topic {}: {}={} is left out, this log has no such setting", topic.name(), name, value);
            }
        });
        return TopicSpec.of(topic.name())
                .partitions(Math.max(1, topic.numPartitions()))
                .replicationFactor(Math.max(1, topic.replicationFactor()))
                .config(config);
    }

    @Override
    public void close() {}

    @Override
    public void close(Duration timeout) {}
}
