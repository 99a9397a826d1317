package io.levada.rest;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession;
import io.levada.facade.ReaderStatus;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.levada.rest.HeldPartition.Reading;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the partitions of a member for claims: no more than those want that wait, by one credit for all partitions together,
 * and keeps the account of what is held and asked for.
 *
 * <p>Credit cannot be taken back from a reader. So when nobody has waited for a while, the reader is exchanged for one
 * without credit: what comes then stays in the log, and the bytes kept for it serve others.
 *
 * <p>All state is confined to the executor.
 */
final class ClaimReader {
    /** How long assignments may take after joining, and one after the other. */
    private static final Duration JOINING = Duration.ofSeconds(2);

    private static final Duration SETTLING = Duration.ofMillis(50);

    /** How often it is looked whether what is on its way has come. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

    /** Where an engine does not tell whether something is on its way: how long that is waited for. */
    private static final Duration NOT_TOLD = Duration.ofMillis(100);

    /** How long credit that nobody waits for is left, since the next claim mostly comes soon. */
    private static final Duration RECALL = Duration.ofSeconds(1);

    private final Consumer<Runnable> executor;
    private final Deadlines deadlines;
    private final ClaimTotals totals;
    private final Map<Integer, HeldPartition> partitions;
    private final ClaimMember.Claimants claimants;
    private final Consumer<Throwable> failed;
    private @Nullable GroupSession session;
    private GroupSession.@Nullable AssignedReader reader;
    private @Nullable Batches batches;
    private Deadlines.@Nullable Deadline recall;
    private long settledAtNanos;
    private boolean looking;
    private boolean orderedOnly;
    private long creditRecords;
    private long creditBytes;
    private long reserved;

    /**
     * @param partitions those that the member owns, by handle; not this reader's to change
     * @param failed told what the reader failed with
     */
    ClaimReader(
            Consumer<Runnable> executor,
            Deadlines deadlines,
            ClaimTotals totals,
            Map<Integer, HeldPartition> partitions,
            ClaimMember.Claimants claimants,
            Consumer<Throwable> failed) {
        this.executor = executor;
        this.deadlines = deadlines;
        this.totals = totals;
        this.partitions = partitions;
        this.claimants = claimants;
        this.failed = failed;
    }

    void open(GroupSession of) {
        session = of;
        settledAtNanos = deadlines.nowNanos() + JOINING.toNanos();
        openReader(of);
    }

    private void openReader(GroupSession of) {
        Batches next = new Batches();
        batches = next;
        reader = of.read(next);
    }

    /** Reads no more. */
    void close() {
        session = null;
        batches = null;
        creditRecords = 0;
        account();
        if (reader != null) {
            reader.cancel();
            reader = null;
        }
    }

    /** More assignments may follow. */
    void assignmentsChanged() {
        settledAtNanos = Math.min(settledAtNanos, deadlines.nowNanos() + SETTLING.toNanos());
    }

    /** A partition goes: nothing more is read of it. */
    void remove(HeldPartition going) {
        if (reader != null && going.reading == Reading.ON) {
            going.reading = Reading.STOPPING;
            reader.remove(going.handle);
        }
    }

    /** Whether nothing can come before something that is held is ended. */
    boolean isFull() {
        return creditRecords <= 0 && (freeRecords() <= 0 || freeBytes() <= 0);
    }

    /** How many records there is room for, beyond those held and asked for. */
    private long freeRecords() {
        long held =
                partitions.values().stream().mapToLong(HeldPartition::records).sum();
        return totals.limits().recordsPerGroup() - held - creditRecords;
    }

    /** How many bytes there is room for, beyond those held and asked for. */
    private long freeBytes() {
        return Math.min(totals.limits().bytesPerGroup() - reserved, totals.freeBytes());
    }

    /**
     * Asks for records until so many are on their way, as far as there is room.
     *
     * @param onlyOrdered whether nobody wants those of partitions of which claims have some
     */
    void want(long records, long bytes, boolean onlyOrdered) {
        if (reader == null) {
            return;
        }
        deadlines.cancel(recall);
        recall = null;
        if (creditRecords == 0 && creditBytes > Math.min(bytes, freeBytes())) {
            exchange(); // its bytes were for others, and may be too many by now
        }
        GroupSession.AssignedReader from = reader;
        orderedOnly = onlyOrdered;
        partitions.values().forEach(this::readOrNot);
        long moreRecords = Math.max(0, Math.min(records - creditRecords, freeRecords()));
        long moreBytes = Math.max(0, Math.min(bytes - creditBytes, freeBytes()));
        if (from != null && (moreRecords > 0 || (moreBytes > 0 && creditRecords > 0))) {
            creditRecords += moreRecords;
            creditBytes += moreBytes;
            account();
            from.credit(moreRecords, moreBytes);
        }
    }

    /** Nobody waits for records; if that stays so, none is to come. */
    void nobodyWants() {
        if (recall == null && creditRecords > 0) {
            recall = deadlines.in(RECALL, () -> {
                recall = null;
                exchange();
            });
        }
    }

    /** Goes on with another reader, without credit. */
    private void exchange() {
        GroupSession.AssignedReader former = reader;
        if (former == null || session == null) {
            return;
        }
        former.cancel();
        creditRecords = 0;
        creditBytes = 0;
        partitions.values().forEach(each -> each.reading = Reading.OFF);
        openReader(session);
        account();
    }

    private void readOrNot(HeldPartition each) {
        GroupSession.AssignedReader from = reader;
        if (from == null || each.revoking || each.damage != null) {
            return;
        }
        boolean wanted = !(orderedOnly && each.isOut());
        if (wanted && each.reading == Reading.OFF) {
            each.reading = Reading.ON;
            from.add(each.handle, each.next());
        } else if (!wanted && each.reading == Reading.ON) {
            each.reading = Reading.STOPPING;
            from.remove(each.handle);
        }
    }

    /** Keeps the account of what is held and asked for; to be called after every change of what is held. */
    void account() {
        long now = (creditRecords > 0 ? Math.max(0, creditBytes) : 0)
                + partitions.values().stream().mapToLong(HeldPartition::cost).sum();
        totals.bytes.addAndGet(now - reserved);
        reserved = now;
    }

    /** Finds out whether anything is on its way; {@link ClaimMember.Claimants#dry} when nothing is, any more. */
    void look() {
        GroupSession.AssignedReader from = reader;
        if (looking || from == null) {
            return;
        }
        looking = true;
        long settling = settledAtNanos - deadlines.nowNanos();
        if (settling > 0) {
            lookAfter(Duration.ofNanos(settling));
        } else {
            from.status().whenComplete((status, error) -> executor.accept(() -> looked(status)));
        }
    }

    private void lookAfter(Duration time) {
        deadlines.in(time, () -> {
            looking = false;
            look();
        });
    }

    private void looked(@Nullable ReaderStatus status) {
        if (reader == null) {
            return;
        } else if (status == null) {
            deadlines.in(NOT_TOLD, this::tellDry);
        } else if (status.lag() == 0 || status.records() == 0 || status.bytes() <= 0 || status.partitions() == 0) {
            tellDry();
        } else {
            lookAfter(LOOK_AGAIN);
        }
    }

    private void tellDry() {
        looking = false;
        claimants.dry();
    }

    private void take(@Nullable HeldPartition of, ByteBuf batch) {
        if (of != null && !of.revoking) {
            try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
                while (cursor.next()) {
                    StoredRecord record = new StoredRecord(
                            of.partition.topic(),
                            of.partition.partition(),
                            cursor.offset(),
                            cursor.timestampMs(),
                            cursor.key(),
                            cursor.value(),
                            cursor.headers());
                    of.add(record, bytes(record));
                }
            }
            of.passed(RecordBatch.nextOffset(batch));
        }
        account();
        claimants.arrived();
    }

    private static int bytes(StoredRecord record) {
        int bytes = length(record.key()) + length(record.value());
        for (Header header : record.headers()) {
            bytes += header.key().length() + length(header.value());
        }
        return bytes;
    }

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    /** What one reader hears; of one that was exchanged nothing counts any more. */
    private final class Batches implements BatchSink {
        private void later(Runnable task) {
            executor.accept(() -> {
                if (batches == this) {
                    task.run();
                }
            });
        }

        /** The partition, if more of it is wanted. */
        private @Nullable HeldPartition open(int handle) {
            HeldPartition of = partitions.get(handle);
            return of == null || of.revoking ? null : of;
        }

        /** They come inflated, so that the credit in bytes bounds what they take here. */
        @Override
        public boolean accepts(Compression codec) {
            return false;
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            try {
                executor.accept(() -> {
                    try {
                        if (batches == this) {
                            creditRecords -= records;
                            creditBytes -= batch.readableBytes();
                            take(open(handle), batch);
                        }
                    } finally {
                        batch.release();
                    }
                });
            } catch (RuntimeException e) {
                batch.release(); // the executor has ended
                throw e;
            }
        }

        @Override
        public void onPassed(int handle, long offset) {
            later(() -> {
                HeldPartition of = open(handle);
                if (of != null) {
                    of.passed(offset);
                }
            });
        }

        /** Whoever claims next is told; the group goes on behind it. */
        @Override
        public void onGap(int handle, long from, long to) {
            later(() -> {
                HeldPartition of = open(handle);
                if (of != null) {
                    of.passed(to);
                    claimants.notice(new LevadaException(
                            ErrorCode.OFFSET_OUT_OF_RANGE,
                            "offsets " + from + " to " + (to - 1) + " of " + of.partition
                                    + " are gone before they were claimed; the group goes on from offset:" + to));
                }
            });
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            later(() -> {
                HeldPartition of = partitions.get(handle);
                if (of == null) {
                    return;
                }
                of.reading = Reading.OFF;
                if (error == null) {
                    readOrNot(of); // unless it is to stand still for longer
                } else if (error.code() != ErrorCode.FENCED_MEMBER_EPOCH) {
                    of.damage = error;
                    claimants.notice(error);
                }
            });
        }

        @Override
        public void onComplete() {
            // Readers of groups do not complete.
        }

        @Override
        public void onError(Throwable error) {
            later(() -> failed.accept(error));
        }
    }
}
