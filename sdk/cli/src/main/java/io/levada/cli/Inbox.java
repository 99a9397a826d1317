package io.levada.cli;

import io.levada.Delivery;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.SignalType;

/**
 * Hands deliveries over to the thread that prints them. It holds no more than was {@linkplain #demand asked for}; the end
 * of the stream comes behind its last delivery. One thread takes; any may {@link #stop}.
 */
final class Inbox extends BaseSubscriber<Delivery> {
    /** What the queue holds: a delivery, or the news that no more come. */
    private record Item(
            @Nullable Delivery delivery, @Nullable Throwable error) {}

    private static final Item END = new Item(null, null);

    private final BlockingQueue<Item> queue = new LinkedBlockingQueue<>(); // bounded by demand
    private volatile boolean stopped;
    private boolean ended;
    private @Nullable Throwable error;

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        // nothing is asked for until the printing thread does
    }

    @Override
    protected void hookOnNext(Delivery delivery) {
        queue.add(new Item(delivery, null));
    }

    @Override
    protected void hookOnError(Throwable throwable) {
        queue.add(new Item(null, throwable));
    }

    @Override
    protected void hookFinally(SignalType type) {
        queue.add(END);
    }

    void demand(long records) {
        request(records);
    }

    /** Makes the taker see the end at once, whatever is still queued. */
    void stop() {
        stopped = true;
        queue.add(END);
    }

    /** The next delivery if it comes within the limit; null also at the end, see {@link #ended}. */
    @Nullable
    Delivery take(Duration limit) throws InterruptedException {
        if (ended()) {
            return null;
        }
        Item item = limit.isZero() ? queue.poll() : queue.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
        if (item == null || stopped) {
            return null;
        } else if (item.delivery() == null) {
            ended = true;
            error = item.error();
        }
        return item.delivery();
    }

    /** Whether nothing more will come. */
    boolean ended() {
        return ended || stopped;
    }

    /** What the stream failed with, once it ended; null when it did not fail. */
    @Nullable
    Throwable error() {
        return error;
    }
}
