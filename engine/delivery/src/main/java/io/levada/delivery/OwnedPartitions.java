package io.levada.delivery;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.facade.ReaderStatus;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordFilter;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The partitions that a member of a group owns, by handle, and its readers of them. Safe for any thread; {@link #stalled}
 * for one at a time.
 */
public final class OwnedPartitions {
    /** An assignment that the member was told of, and that stands as far as known. */
    private record Owned(TopicPartition partition, Feed feed, long generation, Uptake uptake) {}

    private final Delivery delivery;
    private final @Nullable RecordFilter filter;
    private final Map<Integer, Owned> owned = new ConcurrentHashMap<>();
    private final Set<Subscription> readers = ConcurrentHashMap.newKeySet();

    /** @param filter which records the member wants, or null for all */
    public OwnedPartitions(Delivery delivery, @Nullable RecordFilter filter) {
        this.delivery = delivery;
        this.filter = filter;
    }

    /**
     * A partition may be read from here on.
     *
     * @param start the next offset that the member is to take
     */
    public void hold(int handle, TopicPartition partition, Feed feed, long generation, long start) {
        owned.put(handle, new Owned(partition, feed, generation, new Uptake(start)));
    }

    public boolean holds(int handle) {
        return owned.containsKey(handle);
    }

    /** The generation of an assignment; 0, which is none, for one that is not held. */
    public long generation(int handle) {
        Owned one = owned.get(handle);
        return one == null ? 0 : one.generation();
    }

    /** A partition is to be given back: nothing more of it is to be taken. */
    public void revoking(int handle) {
        Owned one = owned.get(handle);
        if (one != null) {
            one.uptake().stop();
        }
    }

    /** A partition whose records the member has not taken for as long, or null. To be asked regularly. */
    public @Nullable TopicPartition stalled(Duration limit, long nowNanos) {
        TopicPartition stalled = null;
        for (Owned one : owned.values()) {
            long nanos = one.uptake().stalledNanos(one.feed().durable(), nowNanos);
            stalled = nanos >= limit.toNanos() ? one.partition() : stalled;
        }
        return stalled;
    }

    /** A partition was handed over; its readers are told that it ended. */
    public void release(int handle) {
        owned.remove(handle);
        readers.forEach(reader -> reader.remove(handle));
    }

    /** A partition was taken away; its readers are told the error. */
    public void lose(int handle, LevadaException error) {
        owned.remove(handle);
        readers.forEach(reader -> reader.end(handle, error));
    }

    /** Nothing is owned any more; readers stay until they are cancelled or failed. */
    public void clear() {
        owned.clear();
    }

    /** Ends all readers without a word. */
    public void cancelReaders() {
        readers.forEach(Subscription::cancel);
    }

    /** Ends all readers with an error. */
    public void failReaders(LevadaException error) {
        readers.forEach(reader -> reader.fail(error));
    }

    /**
     * Opens a reader of what is owned.
     *
     * @param over why the membership has ended, which the reader is told at once; null while it lasts
     */
    public AssignedReader read(BatchSink sink, @Nullable LevadaException over) {
        Reader reader = new Reader(sink);
        if (over != null) {
            reader.subscription.fail(over);
        }
        return reader;
    }

    private void took(int handle, long upTo) {
        Owned one = owned.get(handle);
        if (one != null) {
            one.uptake().took(upTo);
        }
    }

    private @Nullable Feed feed(int handle) {
        Owned one = owned.get(handle);
        return one == null ? null : one.feed();
    }

    /** A reader of this member, known to it until it ends. */
    private final class Reader implements AssignedReader, BatchSink {
        private final BatchSink batches;

        /** Not there yet when what delivers has closed, and refuses it at once. */
        private final Subscription subscription;

        private Reader(BatchSink batches) {
            this.batches = batches;
            this.subscription = delivery.subscribe(this, filter, Overflow.pause(), OwnedPartitions.this::feed);
            readers.add(subscription);
        }

        @Override
        public void add(int handle, long offset) {
            took(handle, offset);
            subscription.add(handle, offset);
        }

        @Override
        public void remove(int handle) {
            subscription.remove(handle);
        }

        @Override
        public void credit(long records, long bytes) {
            subscription.credit(records, bytes);
        }

        @Override
        public void cancel() {
            readers.remove(subscription);
            subscription.cancel();
        }

        @Override
        public CompletionStage<ReaderStatus> status() {
            return subscription.status();
        }

        @Override
        public boolean accepts(Compression codec) {
            return batches.accepts(codec);
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            took(handle, RecordBatch.nextOffset(batch));
            batches.onBatch(handle, records, batch);
        }

        @Override
        public void onGap(int handle, long from, long to) {
            took(handle, to);
            batches.onGap(handle, from, to);
        }

        @Override
        public void onPassed(int handle, long offset) {
            took(handle, offset);
            batches.onPassed(handle, offset);
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            batches.onPartitionEnd(handle, error);
        }

        @Override
        public void onComplete() {
            batches.onComplete();
        }

        @Override
        public void onError(Throwable error) {
            readers.removeIf(each -> each == subscription);
            batches.onError(error);
        }
    }

    /** What a reader is told of an assignment that was taken away. */
    public static LevadaException taken(int handle, String member) {
        return new LevadaException(
                ErrorCode.FENCED_MEMBER_EPOCH,
                "assignment " + handle + " of member '" + member + "' has ended; its partition may have another owner");
    }
}
