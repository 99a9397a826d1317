package io.levada;

import reactor.core.publisher.Flux;

/** A partition that a member owns for a while. */
public interface Assignment {
    TopicPartition topicPartition();

    /** The generation in which it was assigned; everything sent for it carries this number. */
    long generation();

    /**
     * Its records from the group's commit on, with their own demand; for one subscriber. Completes when the partition is
     * handed over gracefully, fails with {@link ErrorCode#FENCED_MEMBER_EPOCH} when it was taken away.
     */
    Flux<Delivery> deliveries();
}
