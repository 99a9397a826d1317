package io.levada.facade;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What of a partition was delivered to a user and not acknowledged yet, and so what may be committed. Offsets are
 * delivered ascending, holes allowed, and acknowledged in any order.
 *
 * <p>Records are noted by the {@link Run}, which is a batch: a bit for each record, and a lock for many of them. Memory
 * grows only with what is unacknowledged: a run of which all is acknowledged is let go of, whatever the others do.
 *
 * <p>One thread delivers; the rest is safe for any thread.
 */
final class AckTracker {
    /** Its neighbours are the first and the last run with something unacknowledged. */
    private final Run ends = new Run(0, 0, 0);

    /** Used by the thread that delivers alone. */
    private long expected;

    private long next;
    private volatile boolean stopped;

    /** What an acknowledgement changed. */
    enum Outcome {
        /** Nothing: it was acknowledged before. */
        REPEATED,
        ACKED,
        /** It was the last one missing, and no more are delivered. */
        DRAINED
    }

    /** The records of one batch; whoever acknowledges one of them names it by the run and its place there, from 0. */
    static final class Run {
        private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

        private final long base;

        /** Of each record its offset; null where they follow the base without holes. */
        private final long @Nullable [] offsets;

        /** A bit for each record that is acknowledged. */
        private final long[] words;

        private final AtomicInteger acked = new AtomicInteger();

        /** Records given to the user, or about to be; changed under the tracker's lock. */
        private volatile int admitted;

        // Under the tracker's lock.
        private @Nullable Run before;
        private @Nullable Run after;

        private Run(long base, long next, int records) {
            this.base = base;
            this.offsets = next - base == records ? null : new long[records];
            this.words = new long[(records + Long.SIZE - 1) / Long.SIZE];
        }

        /** Takes note of a record's offset before it is given to the user; they ascend within a batch. */
        void note(int place, long offset) {
            if (place == 0 && offset < base) {
                throw new IllegalArgumentException("offset " + offset + " delivered where " + base + " is next");
            }
            if (offsets != null) {
                offsets[place] = offset;
            }
        }

        /** False where it was set before. */
        private boolean set(int place) {
            long bit = 1L << place;
            return ((long) WORDS.getAndBitwiseOr(words, place / Long.SIZE, bit) & bit) == 0;
        }

        /** Where whoever comes after goes on: behind the records from the first on that are acknowledged. */
        private long position() {
            int place = 0;
            for (int word = 0; word < words.length; word++) {
                long clear = ~(long) WORDS.getAcquire(words, word);
                place = word * Long.SIZE + Long.numberOfTrailingZeros(clear);
                if (clear != 0) {
                    break;
                }
            }
            return behind(Math.min(place, admitted));
        }

        /** The offset behind so many records; that of the last of them was noted. */
        private long behind(int records) {
            if (records == 0) {
                return base;
            }
            return offsets == null ? base + records : offsets[records - 1] + 1;
        }
    }

    /**
     * @param start the next offset to be read, as committed
     */
    AckTracker(long start) {
        next = start;
        expected = start;
        ends.before = ends;
        ends.after = ends;
    }

    /**
     * Begins with a batch, of which nothing is delivered yet. Of one that goes back behind what came before {@link Run#note}
     * fails with {@link IllegalArgumentException}.
     *
     * @param nextOffset the offset behind its last record
     * @param records how many it holds
     */
    Run begin(long nextOffset, int records) {
        Run run = new Run(expected, nextOffset, records);
        expected = Math.max(expected, nextOffset);
        return run;
    }

    /** Takes note of records of a run about to be given to the user; false once stopped, when they must not be. */
    synchronized boolean admit(Run run, int records) {
        if (stopped) {
            return false;
        }
        run.admitted += records;
        if (run.after == null) {
            Run last = ends.before;
            run.before = last;
            run.after = ends;
            if (last != null) {
                last.after = run;
            }
            ends.before = run;
        }
        return true;
    }

    /** Takes back records that were admitted last, and not given to the user after all. */
    synchronized Outcome takeBack(Run run, int records) {
        run.admitted -= records;
        return settle(run);
    }

    Outcome acked(Run run, int place) {
        if (!run.set(place)) {
            return Outcome.REPEATED;
        }
        if (run.acked.incrementAndGet() < run.admitted) {
            return Outcome.ACKED;
        }
        synchronized (this) {
            return settle(run);
        }
    }

    /** Lets go of a run of which all that was admitted is acknowledged. */
    private Outcome settle(Run run) {
        Run before = run.before;
        Run after = run.after;
        if (run.acked.get() == run.admitted && before != null && after != null) {
            before.after = after;
            after.before = before;
            run.before = null;
            run.after = null;
            next = Math.max(next, run.behind(run.admitted));
        }
        return stopped && ends.after == ends ? Outcome.DRAINED : Outcome.ACKED;
    }

    /** Takes note that what lies before an offset is gone: whoever comes after goes on there. */
    synchronized void skippedTo(long offset) {
        expected = Math.max(expected, offset);
        next = Math.max(next, offset);
    }

    /** Takes note that nothing before an offset is still to be delivered, unless no more is. */
    synchronized void passed(long offset) {
        expected = Math.max(expected, offset);
        if (!stopped) {
            next = Math.max(next, offset);
        }
    }

    /** The next offset to be read by whoever comes after: the first delivered and not acknowledged, or what is next. */
    synchronized long position() {
        Run first = ends.after;
        return first == null || first == ends ? next : first.position();
    }

    /** Whether everything delivered is acknowledged. */
    synchronized boolean isDrained() {
        return ends.after == ends;
    }

    /** Lets no more be delivered; acknowledgements still count. */
    synchronized void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }
}
