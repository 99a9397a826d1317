package io.levada.facade;

import org.jspecify.annotations.Nullable;

/** What a {@link Membership} tells the stream it feeds. Called serially; must neither block nor call users' code. */
interface MemberView {
    void assigned(Ownership owned);

    /** No more of its records are delivered; those that were may still be acknowledged. */
    void stopped(Ownership owned);

    /**
     * The partition is gone.
     *
     * @param error null where it was handed over
     */
    void released(Ownership owned, @Nullable Throwable error);

    /**
     * The membership is over, with all its partitions.
     *
     * @param error null after leaving
     */
    void ended(@Nullable Throwable error);
}
