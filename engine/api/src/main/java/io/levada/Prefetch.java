package io.levada;

import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/**
 * Elements of a stream for threads that wait for them. At most {@code prefetch} are asked for beyond those taken; they are
 * asked for again as a quarter of them was taken.
 */
final class Prefetch<T> extends BaseSubscriber<T> {
    private sealed interface Signal<T> {
        record Next<T>(T value) implements Signal<T> {}

        record End<T>(@Nullable Throwable error) implements Signal<T> {}
    }

    private final LinkedBlockingQueue<Signal<T>> signals = new LinkedBlockingQueue<>();
    private final int prefetch;
    private int taken; // guarded by this

    Prefetch(int prefetch) {
        this.prefetch = prefetch;
    }

    /** What a wait brought: a value, or nothing, and then whether the stream has ended. */
    record Taken<T>(@Nullable T value, boolean ended) {}

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        subscription.request(prefetch);
    }

    @Override
    protected void hookOnNext(T value) {
        signals.add(new Signal.Next<>(value));
    }

    @Override
    protected void hookOnComplete() {
        signals.add(new Signal.End<>(null));
    }

    @Override
    protected void hookOnError(Throwable error) {
        signals.add(new Signal.End<>(error));
    }

    /** Drops what was not taken, and ends it for whoever waits, too. */
    void close() {
        cancel();
        signals.clear();
        signals.add(new Signal.End<>(null));
    }

    /** Waits for the next element, for ever if need be; fails with the stream's error. */
    Taken<T> take() throws InterruptedException {
        return taken(signals.take());
    }

    /** Waits so long for the next element; fails with the stream's error. */
    Taken<T> poll(Duration limit) throws InterruptedException {
        Signal<T> signal = signals.poll(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS);
        return signal == null ? new Taken<>(null, false) : taken(signal);
    }

    /** The next element if it is there; an error of the stream stays for the next wait. */
    Taken<T> pollNow() {
        Signal<T> signal = signals.poll();
        if (signal instanceof Signal.Next<T> next) {
            return taken(next);
        } else if (signal != null) {
            signals.add(signal);
        }
        return new Taken<>(null, false);
    }

    private Taken<T> taken(Signal<T> signal) {
        if (signal instanceof Signal.Next<T> next) {
            replenish();
            return new Taken<>(next.value(), false);
        }
        signals.add(signal); // for the next who asks
        Throwable error = ((Signal.End<T>) signal).error();
        if (error != null) {
            throw BlockingLevada.rethrown(error);
        }
        return new Taken<>(null, true);
    }

    private void replenish() {
        int more = 0;
        synchronized (this) {
            if (++taken >= Math.max(1, prefetch / 4)) {
                more = taken;
                taken = 0;
            }
        }
        if (more > 0) {
            request(more);
        }
    }
}
