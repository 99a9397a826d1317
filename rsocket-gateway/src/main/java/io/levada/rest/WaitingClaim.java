package io.levada.rest;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

/** A claim that waits for records. Its group's own, but for the cancelling. */
final class WaitingClaim {
    final ClaimSpec spec;
    final MonoSink<Claimed> sink;

    /** When it has waited for as long as was asked. */
    Deadlines.@Nullable Deadline patience;

    /** When it ends, whatever may be on its way. */
    Deadlines.@Nullable Deadline limit;

    /** It has waited for as long as was asked; it ends when it is sure that nothing is on its way. */
    boolean overdue;

    volatile boolean cancelled;

    WaitingClaim(ClaimSpec spec, MonoSink<Claimed> sink) {
        this.spec = spec;
        this.sink = sink;
    }
}
