package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import io.levada.LevadaException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.function.Executable;
import reactor.core.publisher.Mono;

/** Waiting with a bound. */
final class Await {
    static final Duration LIMIT = Duration.ofSeconds(30);

    private Await() {}

    static <T> T value(Mono<T> mono) {
        T value = mono.block(LIMIT);
        assertNotNull(value);
        return value;
    }

    static <T> T next(BlockingQueue<T> queue, String what) {
        try {
            T next = queue.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            return next == null ? fail("no " + what + " within " + LIMIT) : next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                fail("not " + what + " within " + LIMIT);
            }
            Thread.onSpinWait();
        }
    }

    static LevadaException failure(Executable executable) {
        return assertThrows(LevadaException.class, executable);
    }
}
