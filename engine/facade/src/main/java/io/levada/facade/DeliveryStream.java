package io.levada.facade;

import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.StoredRecord;
import io.levada.TopicPartition;
import io.levada.facade.AckTracker.Run;
import io.levada.protocol.RecordCursor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;

/**
 * Records of partitions that a member owns, as deliveries to one subscriber with one demand for all of them. Records are
 * noted in their partition's tracker before they are emitted; those of a stopped partition are left out, and their credit
 * serves the others.
 */
abstract class DeliveryStream extends BatchStream<Delivery> {
    private final Map<Integer, Ownership> partitions = new ConcurrentHashMap<>();
    private volatile @Nullable Membership membership;
    private volatile GroupSession.@Nullable AssignedReader source;

    /** Used while draining alone. */
    private @Nullable OpenBatch open;

    DeliveryStream(CoreSubscriber<? super Delivery> actual, LevadaOptions options) {
        super(actual, options.callbacks(), options.readWindowBytes());
    }

    /** Says whose partitions these are and where their records come from; before the first {@link #add}. */
    final void readFrom(Membership owner, GroupSession.AssignedReader reader) {
        membership = owner;
        source = reader;
    }

    final void add(Ownership owned) {
        GroupSession.AssignedReader reader = source;
        if (reader != null && !owned.tracker.isStopped()) {
            partitions.put(owned.handle, owned);
            reader.add(owned.handle, owned.start);
        }
    }

    /** Lets the engine send no more of a partition. */
    final void remove(Ownership owned) {
        GroupSession.AssignedReader reader = source;
        if (partitions.remove(owned.handle) != null && reader != null) {
            reader.remove(owned.handle);
        }
    }

    @Override
    final void begin(int handle, long nextOffset, int records) {
        Ownership of = partitions.get(handle);
        open = of == null ? null : new OpenBatch(of, of.tracker.begin(nextOffset, records));
    }

    @Override
    final boolean admit(int records) {
        OpenBatch batch = open;
        return batch != null && batch.owned.tracker.admit(batch.run, records);
    }

    @Override
    final void takeBack(int records) {
        OpenBatch batch = open;
        Membership owner = membership;
        if (batch != null && owner != null) {
            owner.settled(batch.owned.tracker.takeBack(batch.run, records));
        }
    }

    @Override
    final @Nullable Delivery element(int handle, RecordCursor record) {
        OpenBatch batch = open;
        Membership owner = membership;
        if (batch == null || owner == null || batch.owned.tracker.isStopped()) {
            return null;
        }
        TopicPartition partition = batch.owned.partition;
        int place = batch.emitted++;
        try {
            batch.run.note(place, record.offset());
        } catch (IllegalArgumentException e) {
            throw new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, partition + " went back: " + e.getMessage(), e);
        }
        StoredRecord stored = Records.stored(partition.topic(), partition.partition(), record);
        return new Ackable(stored, batch.owned.tracker, batch.run, place, owner);
    }

    /** An end without error answers {@link #remove}; of a loss the membership tells. */
    @Override
    final void partitionEnded(int handle, @Nullable LevadaException error) {
        if (error != null && error.code() != ErrorCode.FENCED_MEMBER_EPOCH && partitions.containsKey(handle)) {
            throw error;
        }
    }

    @Override
    final void gap(int handle, long from, long to) {
        Ownership owned = partitions.get(handle);
        Membership owner = membership;
        if (owned != null && owner != null) {
            owned.tracker.skippedTo(to); // told once, and committed: the group goes on behind it
            owner.acked(AckTracker.Outcome.ACKED);
            throw Records.gone(owned.partition.topic(), owned.partition.partition(), from, to);
        }
    }

    /** It is committed with what is acknowledged, or where nothing was delivered as if something were. */
    @Override
    final void passed(int handle, long offset, int records) {
        Ownership owned = partitions.get(handle);
        Membership owner = membership;
        if (owned != null && owner != null) {
            owned.tracker.passed(offset);
            if (records == 0) {
                owner.acked(AckTracker.Outcome.ACKED);
            }
        }
    }

    /** The batch whose records are being emitted. */
    private static final class OpenBatch {
        private final Ownership owned;
        private final Run run;
        private int emitted;

        OpenBatch(Ownership owned, Run run) {
            this.owned = owned;
            this.run = run;
        }
    }

    private static final class Ackable implements Delivery {
        private final StoredRecord stored;
        private final AckTracker tracker;
        private final Run run;
        private final int place;
        private final Membership owner;

        Ackable(StoredRecord stored, AckTracker tracker, Run run, int place, Membership owner) {
            this.stored = stored;
            this.tracker = tracker;
            this.run = run;
            this.place = place;
            this.owner = owner;
        }

        @Override
        public StoredRecord record() {
            return stored;
        }

        @Override
        public void ack() {
            owner.acked(tracker.acked(run, place));
        }

        @Override
        public String toString() {
            return stored.topicPartition() + "@" + stored.offset();
        }
    }
}
