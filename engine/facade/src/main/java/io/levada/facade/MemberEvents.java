package io.levada.facade;

import io.levada.MemberEvent;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/** Tells a user what happens to a membership, in order, where callbacks run. */
final class MemberEvents extends Drain {
    private final Queue<MemberEvent> events = new ConcurrentLinkedQueue<>();
    private final Consumer<MemberEvent> listener;

    MemberEvents(Scheduler callbacks, Consumer<MemberEvent> listener) {
        super(callbacks);
        this.listener = listener;
    }

    void tell(MemberEvent event) {
        events.add(event);
        signal();
    }

    @Override
    boolean drain() {
        MemberEvent event = events.poll();
        if (event == null) {
            return false;
        }
        listener.accept(event);
        return true;
    }

    /** A listener that throws is told the next event all the same. */
    @Override
    void abandon(Throwable why) {
        Operators.onErrorDropped(why, Context.empty());
        if (!events.isEmpty()) {
            signal();
        }
    }
}
