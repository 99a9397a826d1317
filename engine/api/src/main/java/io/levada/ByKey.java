package io.levada;

import java.util.Arrays;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Work on deliveries side by side, beyond the number of partitions, and in order for each key:
 *
 * <pre>{@code
 * levada.group("billing").receive("orders")
 *         .transform(ByKey.flatMap(16, delivery -> bill(delivery.record())))
 *         .subscribe();
 * }</pre>
 *
 * <p>Keys are dealt to as many lanes as may be at work; each lane does one delivery after the other. Records without a key
 * have no order to keep, and go to all lanes. A delivery is acknowledged when the work on it completes, in whatever order
 * that happens: what is committed is the end of the acknowledged prefix, so a slow record holds the commit of its partition
 * back, and nothing else.
 */
public final class ByKey {
    /** Records that wait, for each lane: where keys are uneven, the others have this much to go on with. */
    static final int WAITING_PER_LANE = 16;

    private static final int RESULTS_PREFETCH = 32;

    private ByKey() {}

    /**
     * What to {@link Flux#transform} deliveries with. At most {@code concurrency} are worked on and 16 times as many wait
     * for that; no more are asked for. A lane whose key takes long fills with what comes for it; when that is all there may be,
     * the others wait too. Work that fails ends the stream with its error and leaves its record unacknowledged: see {@link
     * DeadLetters} for trying again and for putting it aside. Cancelling cancels the work.
     *
     * @param concurrency how many are worked on at a time, 1 to 4,096
     * @param work given a delivery on the thread that callbacks run on; its results are emitted as they come
     */
    public static <R> Function<Flux<Delivery>, Flux<R>> flatMap(
            int concurrency, Function<? super Delivery, ? extends Publisher<? extends R>> work) {
        if (concurrency < 1 || concurrency > 4_096) {
            throw new IllegalArgumentException("concurrency: 1 to 4096, not " + concurrency);
        }
        return deliveries -> deliveries
                .groupBy(
                        delivery -> lane(delivery.record(), concurrency),
                        delivery -> delivery,
                        concurrency * WAITING_PER_LANE)
                .flatMap(lane -> lane.concatMap(delivery -> done(delivery, work), 1), concurrency, RESULTS_PREFETCH);
    }

    private static <R> Flux<R> done(
            Delivery delivery, Function<? super Delivery, ? extends Publisher<? extends R>> work) {
        return Flux.<R>defer(() -> Flux.from(work.apply(delivery))).concatWith(Mono.fromRunnable(delivery::ack));
    }

    /** Another hash than the one that chose the partition, else the keys of one partition would share few lanes. */
    private static int lane(StoredRecord record, int lanes) {
        int hash = record.key() == null ? Long.hashCode(record.offset()) : Arrays.hashCode(record.key());
        int mixed = hash * 0x9E3779B9; // Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4
        return Math.floorMod(mixed ^ mixed >>> 16, lanes);
    }
}
