package io.levada.connect;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.TopicSpec;

/** Makes a topic unless it is there; looks first, since who may use one need not be allowed to make it. Blocks. */
final class MissingTopic {
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
