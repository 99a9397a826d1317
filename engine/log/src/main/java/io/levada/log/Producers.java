package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.Checkpoint.Producer;
import io.levada.log.Checkpoint.Run;
import io.levada.log.Group.Append;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What idempotent producers appended to one partition: a batch that is sent again is not appended again, but answered with
 * the offset it got. Batches of one producer and epoch have consecutive sequences, so that what is known of it is a list of
 * runs without holes in between; a repeat lies within one of them.
 *
 * <p>In two layers: runs are durable and go into checkpoints; what is in flight lies above them, and is taken away when
 * the partition goes back to what is durable. On the partition's loop, or for one thread while recovering.
 */
final class Producers {
    /** Runs kept of each producer: as many as there are batches in flight by the credit that a writer gets. */
    static final int MAX_RUNS = 256;

    /** Producers kept; of more, those that appended least recently are forgotten. */
    static final int MAX_PRODUCERS = 10_000;

    /** How long a producer is kept, in log time, after it last appended. */
    static final long KEPT_MS = Duration.ofDays(7).toMillis();

    /** Sequences go from 0 to 2^31-1 and then on at 0; what is this far behind is taken to lie ahead. */
    private static final int HALF_OF_SEQUENCES = 1 << 30;

    /** By id, in the order in which they were last used. */
    private final Map<Long, Known> known = new LinkedHashMap<>(16, 0.75f, true);

    private final Deque<InFlight> inFlight = new ArrayDeque<>();

    private final ProducerEpochs epochs;

    Producers(List<Producer> restored) {
        this(restored, new ProducerEpochs());
    }

    /** @param epochs of producers with a name, which count beside what is known here */
    Producers(List<Producer> restored, ProducerEpochs epochs) {
        this.epochs = epochs;
        for (Producer producer : restored) {
            known.put(producer.id(), new Known(producer));
        }
    }

    /** Answers an append, and is done with it. */
    interface Teller {
        void tell(Append append, long baseOffset, @Nullable LevadaException error);
    }

    /** Whether a batch is to be appended. If not, its waiter is answered: now, or when its original is durable or failed. */
    boolean isNew(Append append, Teller teller) {
        ByteBuf batch = append.batch();
        long id = RecordBatch.producerId(batch);
        if (id == RecordBatch.NO_PRODUCER_ID) {
            return true;
        }
        Known producer = known.get(id);
        int behind = 0;
        LevadaException refusal = epochs.refusal(batch);
        if (refusal != null) {
            teller.tell(append, -1, refusal);
            return false;
        }
        if (producer == null) {
            refusal = RecordBatch.baseSequence(batch) == 0 ? null : unknown(batch);
        } else {
            refusal = refusal(batch, producer.newestEpoch(), producer.nextSequence());
            behind = RecordBatch.producerEpoch(batch) == producer.newestEpoch()
                    ? distance(RecordBatch.baseSequence(batch), producer.nextSequence())
                    : 0;
        }
        if (refusal != null) {
            teller.tell(append, -1, refusal);
        } else if (producer != null && behind > 0) {
            producer.repeat(append, behind, teller);
        }
        return refusal == null && behind == 0;
    }

    private static @Nullable LevadaException refusal(ByteBuf batch, short newestEpoch, int nextSequence) {
        short epoch = RecordBatch.producerEpoch(batch);
        int sequence = RecordBatch.baseSequence(batch);
        if (epoch < newestEpoch) {
            return new LevadaException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "epoch " + epoch + " of producer " + RecordBatch.producerId(batch) + " was followed by epoch "
                            + newestEpoch + ": another one writes in its place");
        }
        int expected = epoch == newestEpoch ? nextSequence : 0;
        boolean ahead = epoch == newestEpoch ? distance(sequence, expected) > HALF_OF_SEQUENCES : sequence != 0;
        return ahead ? outOfOrder(batch, "the next one is " + expected) : null;
    }

    private static LevadaException unknown(ByteBuf batch) {
        return new LevadaException(
                ErrorCode.UNKNOWN_PRODUCER_ID,
                "nothing is known here of producer " + RecordBatch.producerId(batch) + ", which goes on at sequence "
                        + RecordBatch.baseSequence(batch)
                        + ": its batches before failed, or it was forgotten; read what became of them, then start over");
    }

    private static LevadaException outOfOrder(ByteBuf batch, String why) {
        int count = RecordBatch.recordCount(batch);
        return new LevadaException(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                count + " records from sequence " + RecordBatch.baseSequence(batch) + " on of producer "
                        + RecordBatch.producerId(batch) + " were not appended: " + why);
    }

    /** How many sequences lie from one to another, going up. */
    private static int distance(int from, int to) {
        return (to - from) & Integer.MAX_VALUE;
    }

    /** Notes a new batch that is about to be written. */
    void appending(ByteBuf batch, long offset) {
        long id = RecordBatch.producerId(batch);
        if (id != RecordBatch.NO_PRODUCER_ID) {
            Known producer = known.computeIfAbsent(id, Known::new);
            int count = RecordBatch.lastOffsetDelta(batch) + 1; // with those that compaction has removed since
            InFlight added = new InFlight(
                    producer,
                    RecordBatch.producerEpoch(batch),
                    new Run(RecordBatch.baseSequence(batch), offset, count),
                    new ArrayList<>(0));
            producer.inFlight.add(added);
            inFlight.add(added);
        }
    }

    /** Everything below an offset is durable. */
    void durable(long offset, long nowMs, Teller teller) {
        for (InFlight first = inFlight.peek();
                first != null && first.run().firstOffset() < offset;
                first = inFlight.peek()) {
            inFlight.remove();
            first.producer().inFlight.remove();
            first.producer().add(first.epoch(), first.run(), nowMs);
            first.repeats().forEach(repeat -> teller.tell(repeat.append(), repeat.offset(), null));
        }
        forget(nowMs);
    }

    /** Nothing at or behind an offset is in flight any more: it failed. */
    void cutTo(long offset, LevadaException reason, Teller teller) {
        List<Repeat> failed = new ArrayList<>();
        for (InFlight last = inFlight.peekLast();
                last != null && last.run().firstOffset() >= offset;
                last = inFlight.peekLast()) {
            inFlight.removeLast();
            Known producer = last.producer();
            producer.inFlight.removeLast();
            if (producer.runs.isEmpty() && producer.inFlight.isEmpty()) {
                known.remove(producer.id);
            }
            failed.addAll(last.repeats());
        }
        failed.forEach(repeat -> teller.tell(repeat.append(), -1, reason));
    }

    /** Takes note of a durable batch that was found in the journal. */
    void replayed(ByteBuf batch, long nowMs) {
        appending(batch, RecordBatch.baseOffset(batch));
        durable(RecordBatch.nextOffset(batch), nowMs, (append, offset, error) -> {});
    }

    private void forget(long nowMs) {
        Iterator<Known> oldest = known.values().iterator();
        while (oldest.hasNext()) {
            Known producer = oldest.next();
            boolean kept = known.size() <= MAX_PRODUCERS && nowMs - producer.lastAppendMs <= KEPT_MS;
            if (kept || !producer.inFlight.isEmpty()) {
                return;
            }
            oldest.remove();
        }
    }

    /** What is durable. */
    List<Producer> checkpoint() {
        List<Producer> producers = new ArrayList<>(known.size());
        for (Known producer : known.values()) {
            if (!producer.runs.isEmpty()) {
                producers.add(producer.checkpoint());
            }
        }
        return producers;
    }

    /** A batch on its way through the journal, and the repeats of it that came meanwhile. */
    private record InFlight(Known producer, short epoch, Run run, List<Repeat> repeats) {}

    private record Repeat(Append append, long offset) {}

    /** One producer. Its runs, and above them what is in flight of the same epoch, follow each other in sequence. */
    private static final class Known {
        private final long id;
        private final Deque<InFlight> inFlight = new ArrayDeque<>(2);
        private final Deque<Run> runs = new ArrayDeque<>(2);
        private short epoch;
        private long lastAppendMs;
        private @Nullable Producer checkpoint;

        Known(long id) {
            this.id = id;
        }

        Known(Producer restored) {
            id = restored.id();
            epoch = restored.epoch();
            lastAppendMs = restored.lastAppendMs();
            runs.addAll(restored.runs());
            checkpoint = restored;
        }

        short newestEpoch() {
            InFlight last = inFlight.peekLast();
            return last == null ? epoch : last.epoch();
        }

        int nextSequence() {
            InFlight last = inFlight.peekLast();
            Run newest = last == null ? runs.getLast() : last.run();
            return RecordBatch.nextSequence(newest.firstSequence(), newest.count());
        }

        /** Answers a batch of the newest epoch whose first record is so many before the next one. */
        void repeat(Append append, int behind, Teller teller) {
            int count = RecordBatch.recordCount(append.batch());
            long above = 0;
            for (Iterator<InFlight> newest = inFlight.descendingIterator(); newest.hasNext(); ) {
                InFlight original = newest.next();
                if (original.epoch() == newestEpoch()) {
                    long offset = offsetWithin(original.run(), behind - above, count);
                    if (offset >= 0) {
                        original.repeats().add(new Repeat(append, offset));
                        return;
                    }
                    above += original.run().count();
                }
            }
            if (epoch == newestEpoch()) {
                for (Iterator<Run> newest = runs.descendingIterator(); newest.hasNext(); ) {
                    Run run = newest.next();
                    long offset = offsetWithin(run, behind - above, count);
                    if (offset >= 0) {
                        teller.tell(append, offset, null);
                        return;
                    }
                    above += run.count();
                }
            }
            String why = behind > above
                    ? "they may have been before, but what came so long ago is not known any more"
                    : "they are a part of several batches, or more than was sent before";
            teller.tell(append, -1, outOfOrder(append.batch(), why));
        }

        /** The offset of records, the first of which lies so many before the run's end; -1 when they are not all in it. */
        private static long offsetWithin(Run run, long beforeEnd, int count) {
            return beforeEnd <= run.count() && count <= beforeEnd ? run.firstOffset() + run.count() - beforeEnd : -1;
        }

        void add(short newEpoch, Run run, long nowMs) {
            boolean follows = runs.isEmpty()
                    || RecordBatch.nextSequence(
                                    runs.getLast().firstSequence(),
                                    runs.getLast().count())
                            == run.firstSequence();
            if (newEpoch != epoch || !follows) { // batches in between may have been compacted away
                runs.clear();
            }
            epoch = newEpoch;
            lastAppendMs = nowMs;
            checkpoint = null;
            Run last = runs.peekLast();
            if (last != null
                    && last.firstOffset() + last.count() == run.firstOffset()
                    && last.count() < HALF_OF_SEQUENCES) {
                runs.removeLast();
                runs.add(new Run(last.firstSequence(), last.firstOffset(), last.count() + run.count()));
            } else {
                runs.add(run);
            }
            if (runs.size() > MAX_RUNS) {
                runs.removeFirst();
            }
        }

        Producer checkpoint() {
            Producer made = checkpoint;
            if (made == null) {
                made = new Producer(id, epoch, lastAppendMs, List.copyOf(runs));
                checkpoint = made;
            }
            return made;
        }
    }
}
