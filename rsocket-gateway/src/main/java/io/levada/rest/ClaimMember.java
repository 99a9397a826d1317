package io.levada.rest;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.StoredRecord;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.Engine;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ReaderStatus;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The member of a group that reads and commits for claims: it reads no more than they want, over all its partitions
 * together, and commits at once what they acknowledge.
 *
 * <p>It stands on the engine's own membership, not on the facade's: so one credit, in records and bytes, serves whichever
 * partition has something; the acknowledgements of all claims that come while a commit is being written go with the next,
 * in one write; and a partition that goes does so as soon as no claim has anything of it.
 *
 * <p>All state is confined to the executor; what engines call hands over to it.
 */
final class ClaimMember implements MemberSink, BatchSink {
    /** How long the last commit and the goodbye may take, each. */
    static final Duration LEAVE_LIMIT = Duration.ofSeconds(5);

    static final Duration COMMIT_RETRY = Duration.ofMillis(200);

    /** How long assignments may take from the first to the last, after joining. */
    private static final Duration SETTLING = Duration.ofMillis(50);

    /** How often it is looked whether what is on its way has come. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

    /** Where an engine does not tell whether something is on its way: how long that is waited for. */
    private static final Duration NOT_TOLD = Duration.ofMillis(100);

    /** What a member tells those for whom it reads. */
    interface Claimants {
        /** Records have come, or may be claimed now that could not before. */
        void arrived();

        /** All that could be read now has come. */
        void dry();

        /** A partition has gone, with what claims had of it. */
        void gone(HeldPartition partition);

        /** Something that whoever claims is to know once. */
        void notice(LevadaException what);

        /** The membership is over, and all its partitions have gone. */
        void ended(@Nullable Throwable why);
    }

    /** What was acknowledged together, until that is durable. */
    static final class Acking {
        private final Map<HeldPartition, Long> targets = new HashMap<>();

        /** Told how it ended, and before that of every try to write it that failed. */
        private final Consumer<@Nullable LevadaException> answer;

        private Acking(Collection<HeldPartition> partitions, Consumer<@Nullable LevadaException> answer) {
            partitions.forEach(each -> targets.put(each, each.position()));
            this.answer = answer;
        }

        private boolean isDurable() {
            return targets.entrySet().stream().allMatch(each -> each.getKey().committed >= each.getValue());
        }
    }

    private final Consumer<Runnable> executor;
    private final Deadlines deadlines;
    private final ClaimTotals totals;
    private final Claimants claimants;
    private final Map<Integer, HeldPartition> partitions = new LinkedHashMap<>();
    private final List<Acking> acking = new ArrayList<>();
    private @Nullable GroupSession session;
    private GroupSession.@Nullable AssignedReader reader;
    private long settledAtNanos;
    private boolean looking;
    private boolean orderedOnly;
    private long creditRecords;
    private long creditBytes;
    private long reserved;
    private boolean committing;
    private boolean pausing;
    private boolean oneByOne;
    private boolean leaving;
    private boolean goodbye;
    private boolean over;

    ClaimMember(Consumer<Runnable> executor, Deadlines deadlines, ClaimTotals totals, Claimants claimants) {
        this.executor = executor;
        this.deadlines = deadlines;
        this.totals = totals;
        this.claimants = claimants;
    }

    void join(Engine engine, String group, List<String> topics) {
        settledAtNanos = deadlines.nowNanos() + Duration.ofSeconds(2).toNanos();
        try {
            GroupSession joined = engine.join(new JoinSpec(group, topics, "http", Position.committed()), this);
            session = joined;
            reader = joined.read(this);
        } catch (RuntimeException e) {
            end(e);
        }
    }

    Collection<HeldPartition> partitions() {
        return partitions.values();
    }

    boolean owns(HeldPartition partition) {
        return partitions.get(partition.handle) == partition;
    }

    /** Why nothing more comes of one of the partitions, or null. */
    @Nullable
    LevadaException damage() {
        return partitions.values().stream()
                .map(each -> each.damage)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
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
        GroupSession.AssignedReader from = reader;
        if (over || leaving || from == null) {
            return;
        }
        orderedOnly = onlyOrdered;
        partitions.values().forEach(this::readOrNot);
        long moreRecords = Math.min(records - creditRecords, freeRecords());
        long moreBytes = Math.min(bytes - creditBytes, freeBytes());
        if (moreRecords > 0 || (moreBytes > 0 && creditRecords > 0)) {
            creditRecords += Math.max(0, moreRecords);
            creditBytes += Math.max(0, moreBytes);
            account();
            from.credit(Math.max(0, moreRecords), Math.max(0, moreBytes));
        }
    }

    private void readOrNot(HeldPartition each) {
        GroupSession.AssignedReader from = reader;
        if (from == null || each.revoking || each.damage != null) {
            return;
        }
        boolean wanted = !(orderedOnly && each.isOut());
        if (wanted && each.reading == HeldPartition.Reading.OFF) {
            each.reading = HeldPartition.Reading.ON;
            from.add(each.handle, each.next());
        } else if (!wanted && each.reading == HeldPartition.Reading.ON) {
            each.reading = HeldPartition.Reading.STOPPING;
            from.remove(each.handle);
        }
    }

    /** Keeps the account of what is held and asked for; after every change of either. */
    void account() {
        long now = (creditRecords > 0 ? Math.max(0, creditBytes) : 0)
                + partitions.values().stream().mapToLong(HeldPartition::cost).sum();
        totals.bytes.addAndGet(now - reserved);
        reserved = now;
    }

    /** Finds out whether anything is on its way; {@link Claimants#dry} when nothing is, any more. */
    void look() {
        GroupSession.AssignedReader from = reader;
        if (looking || over || from == null) {
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
        if (over) {
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

    /**
     * Waits until what of these partitions is acknowledged now is durable, as far as nothing before it is missing.
     *
     * @param answer told null then; or an error that {@link LevadaException#retriable may pass}, any number of times, before
     *     that; or that a partition has gone
     */
    void whenDurable(Collection<HeldPartition> of, Consumer<@Nullable LevadaException> answer) {
        acking.add(new Acking(of, answer));
        proceed();
    }

    /** Tells those who wait for what is durable, or can be no longer. */
    private void answerAcks() {
        for (Acking each : List.copyOf(acking)) {
            boolean durable = each.isDurable();
            if (durable || each.targets.keySet().stream().anyMatch(of -> !owns(of) || of.refused)) {
                acking.remove(each);
                each.answer.accept(durable ? null : gone());
            }
        }
    }

    private static LevadaException gone() {
        return new LevadaException(ErrorCode.STALE_MEMBER_EPOCH, "a partition has gone to another member");
    }

    /** Does what is due and possible; called after every change but records that come. */
    void proceed() {
        account();
        if (over || goodbye || committing) {
            return; // the answer to a commit leads here again
        }
        Map<Integer, CommitPoint> news = new HashMap<>();
        for (HeldPartition each : partitions.values()) {
            if (each.hasNews() && !(oneByOne && !news.isEmpty())) {
                news.put(each.handle, CommitPoint.at(each.position()));
            }
        }
        if (!news.isEmpty() && !pausing) {
            commit(news);
            return;
        }
        oneByOne &= !news.isEmpty();
        answerAcks();
        for (HeldPartition each : List.copyOf(partitions.values())) {
            if (each.revoking && (each.overdue || (each.isSettled() && !each.hasNews()))) {
                handOver(each);
            }
        }
        if (leaving && news.isEmpty()) {
            sayGoodbye();
        }
    }

    private void commit(Map<Integer, CommitPoint> news) {
        committing = true;
        joined().commit(news)
                .subscribe(
                        nothing -> {},
                        error -> executor.accept(() -> refused(news, LevadaException.of(error))),
                        () -> executor.accept(() -> committed(news)));
    }

    private void committed(Map<Integer, CommitPoint> news) {
        committing = false;
        news.forEach((handle, point) -> {
            HeldPartition each = partitions.get(handle);
            if (each != null) {
                each.committed = point.offset();
            }
        });
        answerAcks();
        proceed();
    }

    /** Tries again what may succeed later; else finds out which partition it was. */
    private void refused(Map<Integer, CommitPoint> news, LevadaException error) {
        committing = false;
        if (over) {
            return;
        }
        if (error.retriable()) {
            pausing = true;
            deadlines.in(COMMIT_RETRY, () -> {
                pausing = false;
                proceed();
            });
            List.copyOf(acking).forEach(each -> each.answer.accept(error));
        } else if (news.size() > 1) {
            oneByOne = true;
        } else {
            news.keySet().forEach(handle -> {
                HeldPartition each = partitions.get(handle);
                if (each != null) {
                    each.refused = true;
                }
            });
        }
        proceed();
    }

    private void handOver(HeldPartition going) {
        partitions.remove(going.handle);
        joined().revoked(going.handle);
        dropped(going);
    }

    private void dropped(HeldPartition going) {
        account();
        answerAcks();
        claimants.gone(going);
    }

    /** Commits what is acknowledged, gives everything back, and leaves. */
    void leave() {
        if (over || leaving) {
            return;
        }
        leaving = true;
        partitions.values().forEach(HeldPartition::stop);
        deadlines.in(LEAVE_LIMIT, this::sayGoodbye);
        proceed();
    }

    private void sayGoodbye() {
        if (over || goodbye) {
            return;
        }
        goodbye = true;
        joined().leave();
        deadlines.in(LEAVE_LIMIT, () -> {
            if (!over) {
                joined().abort();
                end(null);
            }
        });
    }

    /** Ends it from here, at once; partitions wait for nobody but the grace period. */
    void abort(Throwable why) {
        GroupSession current = session;
        if (!over && current != null) {
            current.abort();
        }
        end(why);
    }

    private void end(@Nullable Throwable why) {
        if (over) {
            return;
        }
        over = true;
        partitions.clear();
        creditBytes = 0;
        account();
        answerAcks();
        if (reader != null) {
            reader.cancel();
        }
        claimants.ended(why);
    }

    private GroupSession joined() {
        GroupSession current = session;
        if (current == null) {
            throw new IllegalStateException("not joined");
        }
        return current;
    }

    private void assignmentsChanged() {
        settledAtNanos = Math.min(settledAtNanos, deadlines.nowNanos() + SETTLING.toNanos());
    }

    @Override
    public void onJoined(String member, long secret, long generation) {
        // What it owns follows.
    }

    @Override
    public void onIdle(String reason) {
        executor.accept(this::assignmentsChanged);
    }

    @Override
    public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        executor.accept(() -> {
            if (!over && !leaving) {
                assignmentsChanged();
                HeldPartition assigned = new HeldPartition(handle, partition, start);
                partitions.put(handle, assigned);
                readOrNot(assigned);
                claimants.arrived();
            }
        });
    }

    @Override
    public void onRevoking(int handle, long withinMs) {
        executor.accept(() -> {
            HeldPartition going = partitions.get(handle);
            if (over) {
                return;
            } else if (going == null) {
                joined().revoked(handle); // assigned while leaving: nothing of it was ever claimed
            } else if (!going.revoking) {
                going.stop();
                if (reader != null) {
                    reader.remove(handle);
                }
                long margin = Math.min(1_000, withinMs / 4);
                deadlines.in(Duration.ofMillis(withinMs - margin), () -> {
                    going.overdue = owns(going);
                    proceed();
                });
                proceed();
            }
        });
    }

    @Override
    public void onLost(int handle) {
        executor.accept(() -> taken(handle));
    }

    @Override
    public void onSeeked(int handle, long offset) {
        executor.accept(() -> taken(handle));
    }

    private void taken(int handle) {
        HeldPartition gone = partitions.remove(handle);
        if (gone != null) {
            dropped(gone);
            proceed();
        }
    }

    @Override
    public void onLeft() {
        executor.accept(() -> end(null));
    }

    @Override
    public void onError(Throwable error) {
        executor.accept(() -> abort(error));
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
                    creditRecords -= records;
                    creditBytes -= batch.readableBytes();
                    take(partitions.get(handle), batch);
                } finally {
                    batch.release();
                }
            });
        } catch (RuntimeException e) {
            batch.release(); // the executor has ended
            throw e;
        }
    }

    private void take(@Nullable HeldPartition of, ByteBuf batch) {
        if (over || of == null || of.revoking) {
            account();
            return;
        }
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
        account();
        claimants.arrived();
    }

    private static int bytes(StoredRecord record) {
        byte[] key = record.key();
        byte[] value = record.value();
        int bytes = (key == null ? 0 : key.length) + (value == null ? 0 : value.length);
        for (var header : record.headers()) {
            byte[] held = header.value();
            bytes += header.key().length() + (held == null ? 0 : held.length);
        }
        return bytes;
    }

    @Override
    public void onPassed(int handle, long offset) {
        executor.accept(() -> passed(handle, offset));
    }

    private @Nullable HeldPartition passed(int handle, long offset) {
        HeldPartition of = partitions.get(handle);
        if (of == null || of.revoking) {
            return null;
        }
        of.passed(offset);
        return of;
    }

    /** Whoever claims next is told; the group goes on behind it. */
    @Override
    public void onGap(int handle, long from, long to) {
        executor.accept(() -> {
            HeldPartition of = passed(handle, to);
            if (of != null) {
                claimants.notice(new LevadaException(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        "offsets " + from + " to " + (to - 1) + " of " + of.partition
                                + " are gone before they were claimed; the group goes on from offset:" + to));
            }
        });
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        executor.accept(() -> {
            HeldPartition of = partitions.get(handle);
            if (of == null) {
                return;
            }
            of.reading = HeldPartition.Reading.OFF;
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
}
