package io.levada.delivery;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.Token;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What positions and ends mean in a partition just now. Safe for any thread; only times take a look at storage. */
public final class Positions {
    private final UUID logId;

    /**
     * Positions in a log.
     *
     * @param logId its incarnation, which tokens have
     */
    public Positions(UUID logId) {
        this.logId = logId;
    }

    /**
     * The first offset to be read; fails with {@link ErrorCode#OFFSET_OUT_OF_RANGE} for one that is not kept, and {@link
     * ErrorCode#LOG_CHANGED} for a token of another log or topic.
     */
    public CompletionStage<Long> offsetOf(ReadableTopic topic, int partition, Position position) {
        Feed feed = topic.feed(partition);
        try {
            if (position instanceof Position.Latest) {
                return CompletableFuture.completedStage(feed.durable());
            } else if (position instanceof Position.AtOffset at) {
                return CompletableFuture.completedStage(kept(feed, at.offset()));
            } else if (position instanceof Position.AtTime at) {
                return feed.offsetAt(at.time().toEpochMilli());
            } else if (position instanceof Position.AtToken at) {
                Long next = check(topic, at.token()).next().get(partition);
                return CompletableFuture.completedStage(next == null ? feed.start() : kept(feed, next));
            }
            return CompletableFuture.completedStage(feed.start());
        } catch (LevadaException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    /**
     * The same of one partition or of all, by partition in their order; fails with {@link
     * ErrorCode#UNKNOWN_TOPIC_OR_PARTITION} for one that there is not, and with {@link ErrorCode#INVALID_REQUEST} for {@link
     * Position.Committed}, which is a group's.
     *
     * @param only the one that is asked for, or null for all
     */
    public CompletionStage<SortedMap<Integer, Long>> offsetsOf(
            ReadableTopic topic, @Nullable Integer only, Position position) {
        int count = topic.partitionCount();
        if (position instanceof Position.Committed) {
            return refused(
                    ErrorCode.INVALID_REQUEST,
                    "committed is where a group is already; use earliest, latest, offset:N, time:ISO or a token");
        } else if (only != null && (only < 0 || only >= count)) {
            return refused(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic '" + topic.name() + "' has partitions 0 to " + (count - 1) + ", not " + only);
        }
        CompletionStage<SortedMap<Integer, Long>> found = CompletableFuture.completedStage(new TreeMap<>());
        for (int each = only == null ? 0 : only; each < (only == null ? count : only + 1); each++) {
            int partition = each;
            found = found.thenCombine(offsetOf(topic, partition, position), (offsets, offset) -> {
                offsets.put(partition, offset);
                return offsets;
            });
        }
        return found;
    }

    private static <T> CompletionStage<T> refused(ErrorCode code, String why) {
        return CompletableFuture.failedStage(new LevadaException(code, why));
    }

    /** The offset at which a partition ends, exclusive. */
    public CompletionStage<Long> endOf(ReadableTopic topic, int partition, End end) {
        Feed feed = topic.feed(partition);
        if (end instanceof End.Now) {
            return CompletableFuture.completedStage(feed.durable());
        } else if (end instanceof End.AtOffset at) {
            return CompletableFuture.completedStage(at.offset());
        } else if (end instanceof End.AtTime at) {
            return feed.offsetAt(at.time().toEpochMilli());
        } else if (end instanceof End.AtToken at) {
            return CompletableFuture.completedStage(
                    check(topic, at.token()).next().getOrDefault(partition, Long.MAX_VALUE));
        }
        return CompletableFuture.completedStage(Long.MAX_VALUE);
    }

    /** A token of this log and topic; another fails with {@link ErrorCode#LOG_CHANGED}. */
    public Token check(ReadableTopic topic, Token token) {
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

    private static long kept(Feed feed, long offset) {
        long start = feed.start();
        long durable = feed.durable();
        if (offset < start || offset > durable) {
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "offset " + offset + " of " + feed.name() + " is not kept; earliest is " + start + ", latest is "
                            + durable);
        }
        return offset;
    }
}
