package io.levada.benchmarks.peers;

import io.levada.benchmarks.peers.Client.Message;
import io.levada.benchmarks.peers.Client.Source;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Records: the key is a number, the value bytes of no use to a compressor, of which the first eight say when the record was
 * due, where that is looked at.
 */
final class Messages {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int VALUES = 256;
    private static final int DEADLINE_EVERY = 64;

    private final byte[][] values = new byte[VALUES][];

    Messages(int bytes) {
        Random random = new Random(bytes);
        for (int i = 0; i < VALUES; i++) {
            values[i] = new byte[bytes];
            random.nextBytes(values[i]);
        }
    }

    /** So many, numbered from a first one on. */
    Source counted(long first, long count) {
        return new Source() {
            private long next = first;

            @Override
            public @Nullable Message next() {
                return next < first + count ? message(next++) : null;
            }
        };
    }

    /** As many as are taken until some time has passed. */
    Source timed(long deadlineNanos, AtomicLong taken) {
        return new Source() {
            private long next;

            @Override
            public @Nullable Message next() {
                if (next % DEADLINE_EVERY == 0 && System.nanoTime() > deadlineNanos) {
                    taken.addAndGet(next);
                    return null;
                }
                return message(next++);
            }
        };
    }

    /** Numbered from a first one on, so many each second from some time on; a record that is late does not make those behind it late. */
    Source paced(long first, long beginNanos, int rate, long count) {
        return new Source() {
            private long next;

            @Override
            public @Nullable Message next() {
                if (next == count) {
                    return null;
                }
                long due = beginNanos + next * TimeUnit.SECONDS.toNanos(1) / rate;
                for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                    LockSupport.parkNanos(early);
                }
                byte[] value = values[(int) (next % VALUES)].clone();
                LONG.set(value, 0, due);
                return new Message(number(first + next++), value);
            }
        };
    }

    private Message message(long number) {
        return new Message(number(number), values[(int) (number % VALUES)]);
    }

    private static byte[] number(long value) {
        byte[] bytes = new byte[Long.BYTES];
        LONG.set(bytes, 0, value);
        return bytes;
    }

    /** The number that is the key. */
    static long number(byte[] key) {
        return (long) LONG.get(key, 0);
    }

    /** When the record was due, in nanoseconds. */
    static long due(byte[] value) {
        return (long) LONG.get(value, 0);
    }
}
