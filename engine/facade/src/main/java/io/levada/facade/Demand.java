package io.levada.facade;

import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Operators;

/** A number of things wanted. {@link Long#MAX_VALUE} stands for no bound, and stays. Safe for any thread. */
final class Demand {
    private final AtomicLong wanted;

    Demand(long first) {
        wanted = new AtomicLong(first);
    }

    long get() {
        return wanted.get();
    }

    void add(long n) {
        wanted.accumulateAndGet(n, Operators::addCap);
    }

    /** Takes so many off, of which there must be as many. */
    void take(long n) {
        if (n != 0) {
            wanted.accumulateAndGet(n, (now, less) -> now == Long.MAX_VALUE ? now : now - less);
        }
    }

    /** Takes all, of a number without bound too. */
    long takeAll() {
        return wanted.getAndSet(0);
    }
}
