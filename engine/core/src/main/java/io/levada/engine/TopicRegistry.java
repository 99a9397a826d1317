package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.delivery.Delivery;
import io.levada.log.PartitionLog;
import io.levada.log.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The topics that are being served. Safe for any thread. */
final class TopicRegistry {
    private final Delivery delivery;
    private final Map<String, OpenTopic> topics = new ConcurrentHashMap<>();

    TopicRegistry(Delivery delivery) {
        this.delivery = delivery;
    }

    /** Serves a topic, or the partitions that one has gained; nobody who reads or writes the others notices. */
    OpenTopic serve(Topic topic) {
        OpenTopic before = topics.get(topic.name());
        List<OpenTopic.OpenPartition> partitions = new ArrayList<>(before == null ? List.of() : before.partitions());
        for (PartitionLog log :
                topic.partitions().subList(partitions.size(), topic.partitions().size())) {
            TopicPartition name = new TopicPartition(topic.name(), log.partition());
            partitions.add(new OpenTopic.OpenPartition(log, delivery.attach(name, new LogSource(log))));
        }
        OpenTopic open = new OpenTopic(topic, partitions);
        topics.put(topic.name(), open);
        return open;
    }

    /** Ends all who read a topic. */
    void stop(String name) {
        OpenTopic topic = topics.remove(name);
        if (topic != null) {
            LevadaException error =
                    new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic " + name + " was deleted");
            topic.partitions().forEach(partition -> delivery.detach(partition.feed(), error));
        }
    }

    @Nullable
    OpenTopic find(String name) {
        return topics.get(name);
    }

    /** A topic by name; fails with {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}. */
    OpenTopic require(String name) {
        OpenTopic topic = topics.get(name);
        if (topic == null) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic '" + name + "'; create it first");
        }
        return topic;
    }

    Collection<OpenTopic> all() {
        return topics.values();
    }
}
