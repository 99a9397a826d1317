package io.levada.delivery;

import io.levada.env.Loop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One loop and the subscriptions on it that have something to do, served in turn. */
final class DeliveryLoop {
    /** How many are served before other tasks of the loop get their turn. */
    private static final int TURNS = 64;

    private static final Logger LOG = LoggerFactory.getLogger(DeliveryLoop.class);

    private final Loop loop;
    private final ArrayDeque<Subscription> runnable = new ArrayDeque<>();
    private boolean scheduled;

    DeliveryLoop(Loop loop) {
        this.loop = loop;
    }

    /** Runs a task on the loop; false when the loop has ended, before which everything was let go. */
    boolean execute(Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            LOG.debug("nothing is delivered any more", e);
            return false;
        }
    }

    /** Runs a task on the loop after a while, unless it has ended by then. */
    void later(Duration delay, Runnable task) {
        try {
            loop.schedule(delay, task);
        } catch (RejectedExecutionException e) {
            LOG.debug("nothing is delivered any more", e);
        }
    }

    /** Has a subscription served soon; called in the loop. */
    void enqueue(Subscription subscription) {
        if (!subscription.queued) {
            subscription.queued = true;
            runnable.add(subscription);
            schedule();
        }
    }

    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            loop.execute(this::serve);
        }
    }

    private void serve() {
        scheduled = false;
        for (int turn = 0; turn < TURNS && !runnable.isEmpty(); turn++) {
            Subscription next = runnable.remove();
            next.queued = false;
            next.serve();
        }
        if (!runnable.isEmpty()) {
            schedule();
        }
    }
}
