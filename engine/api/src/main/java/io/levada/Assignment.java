package io.levada;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A partition that a member owns for a while. */
public interface Assignment {
    TopicPartition topicPartition();

    /** The generation in which it was assigned; everything sent for it carries this number. */
    long generation();

    /** Where it starts: the group's commit, or what the member asked for where there is none. */
    long start();

    /**
     * Its records from the group's commit on, with their own demand; for one subscriber. Completes when the partition is
     * handed over gracefully, fails with {@link ErrorCode#FENCED_MEMBER_EPOCH} when it was taken away.
     */
    Flux<Delivery> deliveries();

    /**
     * Commits the next offset to be read, whatever was acknowledged, with something to be found with it again ({@link
     * GroupDescription.GroupOffset#metadata}); durable when it completes. What is acknowledged goes on to be committed, from
     * there on, without metadata. Fails with {@link ErrorCode#OFFSET_OUT_OF_RANGE} above the durable end, {@link
     * ErrorCode#INVALID_REQUEST} below what was committed, {@link ErrorCode#OFFSET_METADATA_TOO_LARGE}, and {@link
     * ErrorCode#FENCED_MEMBER_EPOCH} once the partition is this member's no longer.
     *
     * @param metadata up to 4,096 bytes of UTF-8, or null
     */
    Mono<Void> commit(long offset, @Nullable String metadata);

    /**
     * Keeps it from being handed over before what this gives is disposed of, as a delivery does that is not acknowledged: for
     * work that outlasts deliveries, such as a file that is being written. A partition that is asked back ({@link
     * MemberEvent.Revoking}) is let go shortly before the time for that is over all the same, and leaving waits no longer
     * than for deliveries. Any thread; disposing of it twice does nothing.
     */
    Disposable hold();
}
