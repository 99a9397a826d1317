package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.FencedMemberEpochException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupMaxSizeReachedException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/** What Kafka's clients fail with, as errors of the facade. */
final class KafkaErrors {
    /** The first that fits counts. */
    private static final Map<Class<? extends Throwable>, ErrorCode> CODES = codes();

    private KafkaErrors() {}

    private static Map<Class<? extends Throwable>, ErrorCode> codes() {
        Map<Class<? extends Throwable>, ErrorCode> codes = new LinkedHashMap<>();
        codes.put(UnknownTopicOrPartitionException.class, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        codes.put(UnknownTopicIdException.class, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        codes.put(TopicExistsException.class, ErrorCode.TOPIC_ALREADY_EXISTS);
        codes.put(InvalidTopicException.class, ErrorCode.INVALID_TOPIC_EXCEPTION);
        codes.put(InvalidPartitionsException.class, ErrorCode.INVALID_PARTITIONS);
        codes.put(InvalidReplicationFactorException.class, ErrorCode.INVALID_REPLICATION_FACTOR);
        codes.put(InvalidRecordException.class, ErrorCode.INVALID_REQUEST); // a configuration's to its parent
        // These are invalid configurations to Kafka.
        codes.put(TopicAuthorizationException.class, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
        codes.put(GroupAuthorizationException.class, ErrorCode.GROUP_AUTHORIZATION_FAILED);
        codes.put(AuthorizationException.class, ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
        codes.put(SslAuthenticationException.class, ErrorCode.UNTRUSTED_CERTIFICATE);
        codes.put(AuthenticationException.class, ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
        codes.put(InvalidConfigurationException.class, ErrorCode.INVALID_CONFIG);
        codes.put(ConfigException.class, ErrorCode.INVALID_CONFIG);
        codes.put(PolicyViolationException.class, ErrorCode.INVALID_CONFIG);
        codes.put(RecordTooLargeException.class, ErrorCode.MESSAGE_TOO_LARGE);
        codes.put(RecordBatchTooLargeException.class, ErrorCode.MESSAGE_TOO_LARGE);
        codes.put(InvalidRequestException.class, ErrorCode.INVALID_REQUEST);
        codes.put(OffsetOutOfRangeException.class, ErrorCode.OFFSET_OUT_OF_RANGE);
        codes.put(InvalidGroupIdException.class, ErrorCode.INVALID_GROUP_ID);
        codes.put(GroupIdNotFoundException.class, ErrorCode.GROUP_ID_NOT_FOUND);
        codes.put(GroupNotEmptyException.class, ErrorCode.NON_EMPTY_GROUP);
        codes.put(GroupSubscribedToTopicException.class, ErrorCode.NON_EMPTY_GROUP);
        codes.put(GroupMaxSizeReachedException.class, ErrorCode.GROUP_MAX_SIZE_REACHED);
        codes.put(OffsetMetadataTooLarge.class, ErrorCode.OFFSET_METADATA_TOO_LARGE);
        codes.put(UnreleasedInstanceIdException.class, ErrorCode.UNRELEASED_INSTANCE_ID);
        codes.put(FencedInstanceIdException.class, ErrorCode.FENCED_MEMBER_EPOCH);
        codes.put(FencedMemberEpochException.class, ErrorCode.FENCED_MEMBER_EPOCH);
        codes.put(StaleMemberEpochException.class, ErrorCode.STALE_MEMBER_EPOCH);
        codes.put(UnknownMemberIdException.class, ErrorCode.UNKNOWN_MEMBER_ID);
        codes.put(UnsupportedVersionException.class, ErrorCode.UNSUPPORTED_VERSION);
        codes.put(CorruptRecordException.class, ErrorCode.CORRUPT_MESSAGE);
        codes.put(KafkaStorageException.class, ErrorCode.STORAGE_FAILED);
        codes.put(RetriableException.class, ErrorCode.TIMEOUT);
        return codes;
    }

    /** The error as the facade has it; one that is the facade's already stays as it is. */
    static LevadaException of(Throwable error) {
        Throwable cause = error;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException || isBare(cause))
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof LevadaException known) {
            return known;
        }
        return new LevadaException(code(cause), "the cluster says: " + cause.getMessage(), cause);
    }

    /** Nothing but a wrapper, as a client that cannot be made fails with. */
    private static boolean isBare(Throwable error) {
        return error.getClass() == org.apache.kafka.common.KafkaException.class;
    }

    static ErrorCode code(Throwable cause) {
        for (Map.Entry<Class<? extends Throwable>, ErrorCode> each : CODES.entrySet()) {
            if (each.getKey().isInstance(cause)) {
                return each.getValue();
            }
        }
        return ErrorCode.UNKNOWN_SERVER_ERROR;
    }

    /** An answer of the cluster, which fails as the facade does. */
    static <T> CompletableFuture<T> answer(KafkaFuture<T> future) {
        return future.toCompletionStage().toCompletableFuture().handle((value, error) -> {
            if (error != null) {
                throw of(error);
            }
            return value;
        });
    }

    /** The answer for one of those that were asked for. */
    static <K, T> CompletableFuture<T> answer(Map<K, KafkaFuture<T>> answers, K asked) {
        KafkaFuture<T> future = answers.get(asked);
        if (future == null) {
            throw new IllegalStateException("no answer for " + asked);
        }
        return answer(future);
    }
}
