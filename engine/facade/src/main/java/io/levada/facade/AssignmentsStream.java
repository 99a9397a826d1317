package io.levada.facade;

import io.levada.Assignment;
import io.levada.LevadaException;
import io.levada.MemberOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/** A member whose partitions are emitted one by one, each to be read with its own demand. */
final class AssignmentsStream extends Drain implements Subscription, MemberView {
    private final EngineGroup group;
    private final Membership membership;
    private final Demand demand = new Demand(0);
    private final Map<Integer, OwnedAssignment> assignments = new ConcurrentHashMap<>();
    private final Queue<OwnedAssignment> waiting = new ConcurrentLinkedQueue<>();
    private volatile @Nullable CoreSubscriber<? super Assignment> actual;
    private volatile boolean cancelled;
    private volatile @Nullable Throwable error;
    private volatile boolean ended;
    private boolean finished; // used within drain() alone

    AssignmentsStream(
            CoreSubscriber<? super Assignment> actual, EngineGroup group, List<String> topics, MemberOptions member) {
        super(group.options().callbacks());
        this.actual = actual;
        this.group = group;
        this.membership = group.membership(topics, member, this);
    }

    void start() {
        CoreSubscriber<? super Assignment> subscriber = actual;
        if (subscriber == null) {
            return;
        }
        subscriber.onSubscribe(this);
        if (cancelled || ended) {
            return;
        }
        try {
            group.join(membership);
        } catch (RuntimeException e) {
            ended(e);
        } finally {
            membership.begin();
        }
    }

    @Override
    public void request(long n) {
        if (n <= 0) {
            ended(new IllegalArgumentException("request(" + n + "): rule 3.9 wants 1 or more"));
        } else {
            demand.add(n);
            signal();
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        signal();
    }

    @Override
    public void assigned(Ownership owned) {
        OwnedAssignment assignment = new OwnedAssignment(owned, membership, group.options());
        assignments.put(owned.handle, assignment);
        waiting.add(assignment);
        signal();
    }

    @Override
    public void stopped(Ownership owned) {
        OwnedAssignment assignment = assignments.get(owned.handle);
        if (assignment != null) {
            assignment.stop();
        }
    }

    @Override
    public void released(Ownership owned, @Nullable Throwable why) {
        OwnedAssignment assignment = assignments.remove(owned.handle);
        if (assignment != null) {
            assignment.release(why);
        }
    }

    @Override
    public void ended(@Nullable Throwable why) {
        if (!ended) {
            error = why;
            ended = true;
        }
        assignments.values().forEach(assignment -> assignment.release(why));
        assignments.clear();
        signal();
    }

    @Override
    boolean drain() {
        CoreSubscriber<? super Assignment> subscriber = actual;
        if (finished || subscriber == null) {
            waiting.clear();
            return false;
        } else if (cancelled || ended) {
            boolean tell = !cancelled;
            Throwable why = error;
            finish();
            if (tell && why != null) {
                subscriber.onError(why);
            } else if (tell) {
                subscriber.onComplete();
            }
            return false;
        }
        if (demand.get() == 0) {
            return false;
        }
        OwnedAssignment next = waiting.poll();
        if (next == null) {
            return false;
        }
        if (!next.isStopped()) {
            demand.take(1);
            subscriber.onNext(next);
        }
        return true;
    }

    private void finish() {
        finished = true;
        actual = null;
        waiting.clear();
        membership.leave(Duration.ZERO);
    }

    @Override
    void abandon(Throwable why) {
        CoreSubscriber<? super Assignment> subscriber = actual;
        if (finished || subscriber == null) {
            Operators.onErrorDropped(why, Context.empty());
            return;
        }
        finish();
        if (why instanceof LevadaException) {
            subscriber.onError(why);
        } else {
            // Its onNext threw, against rule 2.13: it counts as cancelled.
            Operators.onErrorDropped(why, subscriber.currentContext());
        }
    }
}
