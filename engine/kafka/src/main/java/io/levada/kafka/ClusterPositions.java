package io.levada.kafka;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.Token;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What positions and ends mean in a partition just now. Safe for any thread; does not block. */
final class ClusterPositions {
    private final UUID logId;
    private final ClusterOffsets offsets;

    /** @param logId the cluster's id, so that a token is good for any gateway of it */
    ClusterPositions(UUID logId, ClusterOffsets offsets) {
        this.logId = logId;
        this.offsets = offsets;
    }

    /** Has partitions know what their leaders say now, which {@link #offsetOf} and {@link #endOf} go by. */
    CompletionStage<Void> refresh(List<ClusterPartition> partitions) {
        return offsets.bounds(partitions.stream().map(ClusterPartition::id).toList())
                .thenAccept(bounds -> partitions.forEach(partition -> {
                    ClusterOffsets.Bounds now = bounds.get(partition.id());
                    if (now != null) {
                        partition.bounds(now);
                    }
                }));
    }

    /** The first offset to be read. */
    CompletionStage<Long> offsetOf(ClusterTopic topic, ClusterPartition partition, Position position) {
        try {
            if (position instanceof Position.Latest) {
                return CompletableFuture.completedStage(partition.durable());
            } else if (position instanceof Position.AtOffset at) {
                return CompletableFuture.completedStage(kept(partition, at.offset()));
            } else if (position instanceof Position.AtTime at) {
                return offsets.at(partition.id(), at.time().toEpochMilli());
            } else if (position instanceof Position.AtToken at) {
                Long next = check(topic, at.token()).next().get(partition.id().partition());
                return CompletableFuture.completedStage(next == null ? partition.start() : kept(partition, next));
            }
            return CompletableFuture.completedStage(partition.start());
        } catch (LevadaException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    /** The offset at which a partition ends, exclusive. */
    CompletionStage<Long> endOf(ClusterTopic topic, ClusterPartition partition, End end) {
        if (end instanceof End.Now) {
            return CompletableFuture.completedStage(partition.durable());
        } else if (end instanceof End.AtOffset at) {
            return CompletableFuture.completedStage(at.offset());
        } else if (end instanceof End.AtTime at) {
            return offsets.at(partition.id(), at.time().toEpochMilli());
        } else if (end instanceof End.AtToken at) {
            return CompletableFuture.completedStage(
                    check(topic, at.token()).next().getOrDefault(partition.id().partition(), Long.MAX_VALUE));
        }
        return CompletableFuture.completedStage(Long.MAX_VALUE);
    }

    /** A token of this cluster and topic; another fails with {@link ErrorCode#LOG_CHANGED}. */
    Token check(ClusterTopic topic, Token token) {
        if (!token.logId().equals(logId)) {
            throw new LevadaException(
                    ErrorCode.LOG_CHANGED, "the token is of another log; start anew, from earliest or a time");
        }
        if (!token.topicId().equals(topic.id())) {
            throw new LevadaException(
                    ErrorCode.LOG_CHANGED,
                    "topic " + topic.name()
                            + " is not the one that the token is of; start anew, from earliest or a time");
        }
        return token;
    }

    private static long kept(ClusterPartition partition, long offset) {
        if (offset < partition.start() || offset > partition.durable()) {
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "offset " + offset + " of " + partition + " is not kept; earliest is " + partition.start()
                            + ", latest is " + partition.durable());
        }
        return offset;
    }
}
