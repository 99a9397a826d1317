package io.levada;

/**
 * The stable codes of {@link LevadaException}, with Kafka's names where the meaning is Kafka's. Each has the HTTP status
 * that fits it and says whether the same request may succeed later.
 */
public enum ErrorCode {
    UNKNOWN_TOPIC_OR_PARTITION(404, false),
    TOPIC_ALREADY_EXISTS(409, false),
    INVALID_TOPIC_EXCEPTION(400, false),
    INVALID_PARTITIONS(400, false),
    INVALID_REPLICATION_FACTOR(400, false),
    INVALID_CONFIG(400, false),
    INVALID_REQUEST(400, false),
    INVALID_GROUP_ID(400, false),
    GROUP_ID_NOT_FOUND(404, false),
    NON_EMPTY_GROUP(409, false),
    GROUP_MAX_SIZE_REACHED(503, true),
    MESSAGE_TOO_LARGE(413, false),
    OFFSET_OUT_OF_RANGE(410, false),
    CORRUPT_MESSAGE(500, false),
    OFFSET_METADATA_TOO_LARGE(400, false),
    STALE_MEMBER_EPOCH(409, false),
    FENCED_MEMBER_EPOCH(409, false),
    UNKNOWN_MEMBER_ID(409, false),
    UNRELEASED_INSTANCE_ID(409, false),
    MEMBER_STALLED(409, false),
    SLOW_CONSUMER(409, false),
    CLAIM_EXPIRED(410, false),
    NOT_CLAIM_OWNER(409, false),
    STORAGE_FAILED(503, true),
    STORAGE_FULL(507, true),
    OUTCOME_UNKNOWN(503, true),
    OUT_OF_ORDER_SEQUENCE_NUMBER(409, false),
    UNKNOWN_PRODUCER_ID(409, false),
    INVALID_PRODUCER_EPOCH(409, false),
    OFFSET_MISMATCH(409, false),
    TOKEN_EXPIRED(401, false),
    UNTRUSTED_CERTIFICATE(502, false),
    UNAUTHENTICATED(401, false),
    TOPIC_AUTHORIZATION_FAILED(403, false),
    GROUP_AUTHORIZATION_FAILED(403, false),
    CLUSTER_AUTHORIZATION_FAILED(403, false),
    LOG_CHANGED(409, false),
    THROTTLED(429, true),
    GOING_AWAY(503, true),
    CONNECTION_LOST(503, true),
    TIMEOUT(504, true),
    UNSUPPORTED_VERSION(400, false),
    UNKNOWN_SERVER_ERROR(500, false);

    private final int httpStatus;
    private final boolean retriable;

    ErrorCode(int httpStatus, boolean retriable) {
        this.httpStatus = httpStatus;
        this.retriable = retriable;
    }

    public int httpStatus() {
        return httpStatus;
    }

    public boolean retriable() {
        return retriable;
    }
}
