package io.levada;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;

/**
 * A member of a group that is asked for records. At most {@value #PREFETCH_RECORDS} wait here. What is polled is to be
 * acknowledged by {@link Delivery#ack}, in any order, from any thread. Closing commits what was acknowledged and leaves.
 * Safe for any thread.
 */
public final class BlockingConsumer implements AutoCloseable {
    static final int PREFETCH_RECORDS = 256;

    private final Prefetch<Delivery> deliveries = new Prefetch<>(PREFETCH_RECORDS);

    BlockingConsumer(Flux<Delivery> source) {
        source.subscribe(deliveries);
    }

    /**
     * Waits until there is a record, at most so long, and takes it and what else is there; an empty list where nothing
     * came. Fails as the membership failed, and with {@link ErrorCode#GOING_AWAY} once it is over.
     */
    public List<Delivery> poll(Duration limit) {
        BlockingLevada.refuseNonBlockingThread();
        List<Delivery> polled = new ArrayList<>();
        try {
            Prefetch.Taken<Delivery> taken = deliveries.poll(limit);
            while (taken.value() != null) {
                polled.add(taken.value());
                if (polled.size() == PREFETCH_RECORDS) {
                    return polled;
                }
                taken = deliveries.pollNow();
            }
            if (taken.ended() && polled.isEmpty()) {
                throw new LevadaException(ErrorCode.GOING_AWAY, "this consumer has left its group; join anew");
            }
            return polled;
        } catch (InterruptedException e) {
            throw BlockingLevada.interrupted(ErrorCode.TIMEOUT, e);
        }
    }

    @Override
    public void close() {
        deliveries.close();
    }
}
