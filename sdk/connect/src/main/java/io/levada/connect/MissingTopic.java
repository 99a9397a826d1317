package io.levada.connect;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a topic unless it is there; looks first, since who may use one need not be allowed to make it. Blocks. */
final class MissingTopic {
    private static final Logger log = LoggerFactory.getLogger(MissingTopic.class);

    private MissingTopic() {}

    static boolean isThere(Levada levada, String topic) {
        return !fails(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, () -> levada.blocking().describeTopic(topic));
    }

    /** Whether it was made now. */
    static boolean make(Levada levada, TopicSpec topic) {
        return !isThere(levada, topic.name())
                && !fails(
                        ErrorCode.TOPIC_ALREADY_EXISTS, () -> levada.blocking().createTopic(topic));
    }

    /** Makes one that somebody publishes to, with one partition, and says so; fails as Connect's tasks know it. */
    static void provide(Levada levada, String topic) {
        try {
            if (make(levada, TopicSpec.of(topic))) {
                log.info("created topic {}, which was missing, with one partition", topic);
            }
        } catch (LevadaException e) {
            throw KafkaErrors.of(e);
        }
    }

    private static boolean fails(ErrorCode expected, Runnable call) {
        try {
            call.run();
            return false;
        } catch (LevadaException e) {
            if (e.code() == expected) {
                return true;
            }
            throw e;
        }
    }
}
