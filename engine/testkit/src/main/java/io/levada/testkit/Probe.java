package io.levada.testkit;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/**
 * A subscriber that asks for as much as a test says, keeps what comes, and fails the test when more comes than it asked
 * for. Waiting ends with an {@link AssertionError} that tells what came, after ten seconds. Safe for any thread.
 *
 * @param <T> what comes
 */
public final class Probe<T> extends BaseSubscriber<T> {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Consumer<? super T> onNext;
    private final List<T> received = new ArrayList<>(); // this and the rest are guarded by this
    private long requested;
    private boolean overrun;
    private boolean completed;
    private @Nullable Throwable error;

    private Probe(long first, Consumer<? super T> onNext) {
        this.requested = first;
        this.onNext = onNext;
    }

    /** Subscribes, and asks for so many at first. */
    public static <T> Probe<T> of(Publisher<T> source, long first) {
        return of(source, first, value -> {});
    }

    /** Subscribes, asks for so many at first, and does something with each as it comes. */
    public static <T> Probe<T> of(Publisher<T> source, long first, Consumer<? super T> onNext) {
        Probe<T> probe = new Probe<>(first, onNext);
        source.subscribe(probe);
        return probe;
    }

    /** Subscribes, and asks for all there is. */
    public static <T> Probe<T> all(Publisher<T> source) {
        return of(source, Long.MAX_VALUE);
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        if (requested > 0) {
            subscription.request(requested);
        }
    }

    /** Asks for so many more. */
    public void more(long n) {
        synchronized (this) {
            requested = requested + n < 0 ? Long.MAX_VALUE : requested + n;
        }
        request(n);
    }

    @Override
    protected void hookOnNext(T value) {
        onNext.accept(value);
        synchronized (this) {
            received.add(value);
            overrun |= received.size() > requested;
            notifyAll();
        }
    }

    @Override
    protected synchronized void hookOnComplete() {
        completed = true;
        notifyAll();
    }

    @Override
    protected synchronized void hookOnError(Throwable failure) {
        error = failure;
        notifyAll();
    }

    /** What has come so far. */
    public synchronized List<T> received() {
        failIfOverrun();
        return List.copyOf(received);
    }

    /** Waits until so many have come in all; gives all that have. */
    public synchronized List<T> await(int count) {
        awaitUntil(() -> received.size() >= count || completed || error != null, count + " elements");
        if (received.size() < count) {
            throw unexpected(count + " elements");
        }
        return received();
    }

    /** Waits for completion; gives all that came. */
    public synchronized List<T> awaitComplete() {
        awaitUntil(() -> completed || error != null, "completion");
        if (!completed) {
            throw unexpected("completion");
        }
        return received();
    }

    /** Waits for an error. */
    public synchronized Throwable awaitError() {
        awaitUntil(() -> completed || error != null, "an error");
        Throwable failure = error;
        if (failure == null) {
            throw unexpected("an error");
        }
        failIfOverrun();
        return failure;
    }

    /** Waits for an error with this code. */
    public LevadaException awaitError(ErrorCode code) {
        Throwable failure = awaitError();
        if (failure instanceof LevadaException ours && ours.code() == code) {
            return ours;
        }
        throw new AssertionError("expected " + code + ", got " + failure, failure);
    }

    /** Whether it has neither completed nor failed. */
    public synchronized boolean isOpen() {
        return !completed && error == null;
    }

    private void awaitUntil(Condition condition, String what) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            long leftMs = (deadline - System.nanoTime()) / 1_000_000;
            if (leftMs <= 0) {
                throw unexpected(what);
            }
            try {
                wait(leftMs);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw unexpected(what);
            }
        }
        failIfOverrun();
    }

    private AssertionError unexpected(String what) {
        String state = completed ? "completed" : error != null ? "failed" : "open";
        return new AssertionError(
                "waited for " + what + ", but it is " + state + " after " + received.size() + " elements, "
                        + (requested == Long.MAX_VALUE ? "all" : requested) + " requested",
                error);
    }

    private void failIfOverrun() {
        if (overrun) {
            throw new AssertionError(received.size() + " came, " + requested + " were requested");
        }
    }

    /** Looked at while this is held. */
    private interface Condition {
        boolean holds();
    }
}
