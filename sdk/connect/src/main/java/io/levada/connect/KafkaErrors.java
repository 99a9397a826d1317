package io.levada.connect;

import io.levada.LevadaException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The log's errors as those that Connect's tasks know. */
final class KafkaErrors {
    private KafkaErrors() {}

    static KafkaException of(Throwable error) {
        LevadaException ours = LevadaException.of(error);
        String line = ours.line();
        return switch (ours.code()) {
            case MESSAGE_TOO_LARGE -> new RecordTooLargeException(line, ours);
            case UNKNOWN_TOPIC_OR_PARTITION -> new UnknownTopicOrPartitionException(line, ours);
            case INVALID_TOPIC_EXCEPTION -> new InvalidTopicException(line, ours);
            case TOPIC_AUTHORIZATION_FAILED -> new TopicAuthorizationException(line);
            case GROUP_AUTHORIZATION_FAILED -> new GroupAuthorizationException(line);
            case TIMEOUT, CONNECTION_LOST, GOING_AWAY, THROTTLED, STORAGE_FULL -> new TimeoutException(line, ours);
            default -> new KafkaException(line, ours);
        };
    }
}
