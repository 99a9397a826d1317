package io.levada.benchmarks.peers;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One reader's records: looks at each key and at both ends of each value, and knows that none lacks or came twice. */
final class Tally implements Client.Sink {
    private static final long PATIENCE_SECONDS = 300;

    private final long first;
    private final long all;
    private final CountDownLatch firstCame = new CountDownLatch(1);
    private final CountDownLatch allCame = new CountDownLatch(1);
    private volatile long beganNanos;
    private volatile long endedNanos;
    private long count;
    private long numbers;
    private int ends;

    /**
     * @param first how many are waited for by {@link #awaitFirst}, 1 or more
     * @param all how many come in all, numbered from 0
     */
    Tally(long first, long all) {
        this.first = first;
        this.all = all;
    }

    @Override
    public void accept(byte[] key, byte[] value) {
        numbers += Messages.number(key);
        ends += value[0] ^ value[value.length - 1];
        count++;
        if (count == first) {
            beganNanos = System.nanoTime();
            firstCame.countDown();
        }
        if (count == all) {
            endedNanos = System.nanoTime();
            allCame.countDown();
        }
    }

    void awaitFirst() throws InterruptedException {
        await(firstCame);
    }

    /** Waits for all of them, and checks that each came. */
    void awaitAll() throws InterruptedException {
        await(allCame);
        if (numbers != all * (all - 1) / 2) {
            throw new IllegalStateException(all + " records came, but not each of them once (" + ends + ")");
        }
    }

    private void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("records do not come; the reader has " + count + " of " + all);
        }
    }

    /** When the last of the first came. */
    long beganNanos() {
        return beganNanos;
    }

    /** When the last of all came. */
    long endedNanos() {
        return endedNanos;
    }
}
