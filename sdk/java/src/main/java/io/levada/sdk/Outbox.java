package io.levada.sdk;

import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.util.internal.PlatformDependent;
import io.rsocket.Payload;
import io.rsocket.util.ByteBufPayload;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.publisher.Operators;

/**
 * What one channel has to send: messages in order, then credit, as far as the server's request(n) goes, always on the event
 * loop. Credit is not queued but summed up, so that any number of grants between two sends becomes one message.
 *
 * <p>{@link #open} and {@link #end} belong to the loop, the rest may be called from any thread. Not
 * bounded by itself: batches are bounded by the server's write credit, other messages by the calls that cause them.
 */
final class Outbox implements Publisher<Payload>, Subscription {
    private final Link link;
    private final Queue<ByteBuf> messages = PlatformDependent.newMpscQueue();
    private final AtomicLong creditRecords = new AtomicLong();
    private final AtomicLong creditBytes = new AtomicLong();
    private final AtomicInteger wakeups = new AtomicInteger();
    private volatile boolean completing;

    private @Nullable Payload first;
    private @Nullable Subscriber<? super Payload> subscriber;
    private long demand;
    private boolean done;

    Outbox(Link link) {
        this.link = link;
    }

    /** Sets what opens the channel: route and OPEN message. Before the subscription, on the loop. */
    void open(Payload opening) {
        first = opening;
    }

    /** Sends a message, or releases it when the channel has ended. */
    void send(ByteBuf message) {
        messages.add(message);
        wake();
    }

    void credit(long records, long bytes) {
        creditRecords.accumulateAndGet(records, Operators::addCap);
        creditBytes.accumulateAndGet(bytes, Operators::addCap);
        wake();
    }

    /** Completes this side once everything before is sent. */
    void complete() {
        completing = true;
        wake();
    }

    @Override
    public void subscribe(Subscriber<? super Payload> channel) {
        Objects.requireNonNull(channel, "channel");
        link.onLoop(() -> {
            subscriber = channel;
            channel.onSubscribe(this);
        });
    }

    @Override
    public void request(long n) {
        link.onLoop(() -> {
            if (n > 0) {
                demand = Operators.addCap(demand, n);
                wake();
            } else {
                end(to -> to.onError(new IllegalArgumentException("request(" + n + "): rule 3.9 wants 1 or more")));
            }
        });
    }

    /** Nothing more can be sent: what waits is released. */
    @Override
    public void cancel() {
        link.onLoop(() -> {
            done = true;
            wake();
        });
    }

    /** Completes this side at once; what waits is released. On the loop. */
    void end() {
        end(Subscriber::onComplete);
    }

    private void end(Consumer<Subscriber<? super Payload>> how) {
        Subscriber<? super Payload> to = subscriber;
        if (!done && to != null) {
            done = true;
            how.accept(to);
        }
        cancel();
    }

    /** One run on the loop is enough for any number of wake-ups that come before it ends. */
    private void wake() {
        if (wakeups.getAndIncrement() == 0) {
            link.onLoop(this::drain);
        }
    }

    private void drain() {
        int missed = 1;
        do {
            drainOnce();
            missed = wakeups.addAndGet(-missed);
        } while (missed != 0);
    }

    private void drainOnce() {
        Subscriber<? super Payload> to = subscriber;
        while (!done && to != null) {
            boolean last = completing; // read before the queue: what was sent before it was set is then seen
            if (last && first == null && messages.isEmpty()) {
                done = true;
                to.onComplete();
                break;
            }
            Payload payload = demand > 0 ? next() : null;
            if (payload == null) {
                break;
            }
            demand--;
            to.onNext(payload);
        }
        if (done) {
            subscriber = null;
            releaseAll();
        }
    }

    private @Nullable Payload next() {
        Payload opening = first;
        if (opening != null) {
            first = null;
            return opening;
        }
        ByteBuf message = messages.poll();
        if (message == null) {
            message = nextCredit();
        }
        return message == null ? null : ByteBufPayload.create(message);
    }

    private @Nullable ByteBuf nextCredit() {
        if (creditRecords.get() == 0 && creditBytes.get() == 0) {
            return null;
        }
        return Wire.encode(new Message.Credit(creditRecords.getAndSet(0), creditBytes.getAndSet(0)));
    }

    private void releaseAll() {
        Payload opening = first;
        if (opening != null) {
            first = null;
            opening.release();
        }
        for (ByteBuf message = messages.poll(); message != null; message = messages.poll()) {
            message.release();
        }
    }
}
