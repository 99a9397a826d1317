package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.WaitReason;
import io.levada.wire.OutboundBudget;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import io.rsocket.util.ByteBufPayload;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * The sending half of one stream: passes messages on as far as the peer's request(n) goes, and keeps the rest, bounded.
 * Those that a share of the connection's budget covers wait for the budget as well: many small ones cost more as frames
 * than the bytes they were granted. Ends once. For the event loop alone.
 */
final class Outlet {
    private final FluxSink<Payload> sink;
    private final int maxQueued;
    private final Consumer<LevadaException> overflown;
    private final OutboundBudget budget;
    private final Queue<Queued> queue = new ArrayDeque<>();
    private long demand;
    private long unclaimed;
    private @Nullable LongConsumer onDemand;
    private int ungoverned;
    private boolean waiting;
    private boolean completing;
    private boolean ended;

    private record Queued(ByteBuf message, @Nullable Runnable sent) {}

    /**
     * Begins with what the peer has requested so far.
     *
     * @param overflown told when the stream was failed for the messages that wait in it
     */
    Outlet(FluxSink<Payload> sink, OutboundBudget budget, int maxQueued, Consumer<LevadaException> overflown) {
        this.sink = sink;
        this.maxQueued = maxQueued;
        this.overflown = overflown;
        this.budget = budget;
        sink.onRequest(this::requested);
    }

    boolean ended() {
        return ended;
    }

    /** Passes on what was requested so far and will be. */
    void onDemand(LongConsumer consumer) {
        onDemand = consumer;
        if (unclaimed > 0) {
            consumer.accept(unclaimed);
        }
    }

    long demand() {
        return demand;
    }

    /** Why messages wait in here, or null where none does. */
    @Nullable
    WaitReason holdsBack() {
        if (queue.isEmpty()) {
            return null;
        }
        return demand == 0 ? WaitReason.NO_DEMAND : WaitReason.SOCKET_BLOCKED;
    }

    private void requested(long n) {
        demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        if (onDemand != null) {
            onDemand.accept(n);
        } else {
            unclaimed = demand;
        }
        drain();
    }

    /** Sends a message, now or when it is asked for; takes the buffer. */
    void send(ByteBuf message) {
        send(message, null);
    }

    /**
     * Sends a message that a share covers.
     *
     * @param sent runs when the message has become a frame
     */
    void send(ByteBuf message, @Nullable Runnable sent) {
        if (ended || completing) {
            message.release();
            return;
        }
        queue.add(new Queued(message, sent));
        ungoverned += sent == null ? 1 : 0;
        drain();
        if (ungoverned > maxQueued) {
            LevadaException error = new LevadaException(
                    ErrorCode.THROTTLED, maxQueued + " messages wait in this stream; ask for more with request(n)");
            fail(error);
            overflown.accept(error);
        }
    }

    private void drain() {
        while (demand > 0 && !ended && !waiting) {
            Queued next = queue.peek();
            if (next == null) {
                break;
            } else if (next.sent != null && !budget.open()) {
                waiting = true;
                budget.whenOpen(this::reopened);
                break;
            }
            queue.remove();
            ungoverned -= next.sent == null ? 1 : 0;
            if (demand != Long.MAX_VALUE) {
                demand--;
            }
            sink.next(ByteBufPayload.create(next.message));
            if (next.sent != null) {
                next.sent.run();
            }
        }
        if (completing && !ended && queue.isEmpty()) {
            ended = true;
            sink.complete();
        }
    }

    private void reopened() {
        waiting = false;
        drain();
    }

    /** Completes behind the messages that wait. */
    void complete() {
        completing = true;
        drain();
    }

    /** Fails at once; messages that wait are dropped. */
    void fail(Throwable error) {
        if (!ended) {
            end();
            sink.error(WireErrors.forRSocket(error));
        }
    }

    /** The peer has cancelled, or is gone. */
    void end() {
        ended = true;
        for (Queued next = queue.poll(); next != null; next = queue.poll()) {
            next.message.release();
        }
    }
}
