package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.DiskFullException;
import io.levada.env.Loop;
import io.levada.log.Checkpoint.Extent;
import io.levada.log.Checkpoint.Producer;
import io.levada.log.Group.Append;
import io.levada.protocol.HeaderChecksum;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The writing side of a partition. On the partition's loop it takes what waits, gives it offsets, writes it to the
 * segment without forcing it, and passes it to the journal; when it comes back forced, it moves the durable offset on and
 * tells who waits. When it comes back failed, the partition goes back to what is durable: nobody has seen the rest.
 */
final class PartitionWriter {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionWriter.class);

    /** Most bytes written with one call, unless one batch alone has more; keeps a loop fair to its other partitions. */
    private static final int MAX_GROUP_BYTES = 1 << 20;

    /** How many offsets are reserved at a time; a crash skips as many at most. */
    private static final int RESERVED_AHEAD = 1 << 16;

    private final PartitionLog log;
    private final PartitionContext context;
    private final int maxGroupBytes;
    private final Queue<Append> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final List<Tail> tails = new CopyOnWriteArrayList<>();

    // All below is the loop's own.
    private final Producers producers;
    /** Offsets below it may be given out without a force, where what is written counts as durable. */
    private long reserved;

    private boolean reserving;
    private boolean waitsForOffsets;
    private long epoch;
    private int inFlight;
    private boolean directoryUnforced;
    private boolean directoryMade;
    private @Nullable Segment active;
    private volatile @Nullable LevadaException failure;
    private @Nullable CompletableFuture<@Nullable Void> idle;
    private @Nullable Runnable halted;

    /** @param extendable whether there is a last segment, it is whole, and not closed */
    PartitionWriter(PartitionLog log, PartitionContext context, List<Producer> producers, boolean extendable) {
        this.log = log;
        this.context = context;
        this.producers = new Producers(producers, context.producerEpochs());
        this.maxGroupBytes = Math.min(MAX_GROUP_BYTES, context.maxBatchBytes() / 2);
        List<Segment> segments = log.segments();
        this.active = extendable ? segments.get(segments.size() - 1) : null;
        this.directoryMade = !segments.isEmpty();
        this.reserved = log.end();
    }

    void append(ByteBuf batch, long expectedOffset, AppendListener listener) {
        queue.add(new Append(batch, expectedOffset, listener));
        if (waiting.getAndIncrement() == 0) {
            context.loop().execute(this::drain);
        }
    }

    private void drain() {
        int seen = waiting.get();
        List<Append> taken = new ArrayList<>();
        long bytes = 0;
        long end = log.end();
        waitsForOffsets = false;
        for (Append next = queue.peek(); next != null && taken.size() < seen; next = queue.peek()) {
            bytes += next.batch().readableBytes();
            end += RecordBatch.lastOffsetDelta(next.batch()) + 1;
            waitsForOffsets = context.durableUnforced() && end > reserved && refusal() == null;
            if (waitsForOffsets || (!taken.isEmpty() && bytes > maxGroupBytes)) {
                break;
            }
            queue.remove();
            taken.add(next);
        }
        int takenCount = taken.size();
        writeAll(taken);
        if (waitsForOffsets || (context.durableUnforced() && !taken.isEmpty())) {
            reserve(end);
        }
        if (waiting.addAndGet(-takenCount) == 0) {
            tellIfIdle();
        } else if (!waitsForOffsets) {
            context.loop().execute(this::drain);
        }
    }

    /** Has offsets reserved by the journal, in time, so that none is used twice whatever of them a crash takes. */
    private void reserve(long end) {
        if (!reserving && reserved - end < RESERVED_AHEAD / 2 && refusal() == null) {
            reserving = true;
            inFlight++;
            context.journal().submit(Group.reserving(log, epoch, Math.max(reserved, end) + RESERVED_AHEAD));
        }
    }

    private void reserved(Group group, @Nullable LevadaException error) {
        reserving = false;
        if (error == null) {
            reserved = group.reserved();
        } else {
            epoch += group.epoch() == epoch ? 1 : 0;
        }
        if (waitsForOffsets && error != null) {
            failWaiting(new LevadaException(ErrorCode.STORAGE_FAILED, "no offsets could be reserved", error));
        }
        if (waitsForOffsets) {
            drain();
        }
        tellIfIdle();
    }

    private void failWaiting(LevadaException reason) {
        int failed = 0;
        for (Append next = queue.poll(); next != null; next = queue.poll()) {
            tell(next, -1, reason);
            failed++;
        }
        waiting.addAndGet(-failed);
    }

    private void writeAll(List<Append> taken) {
        LevadaException refusal = refusal();
        List<Append> appends = new ArrayList<>(taken.size());
        long next = log.end();
        for (Append append : taken) {
            if (!refuse(append, refusal) && admit(append, next)) {
                next += RecordBatch.lastOffsetDelta(append.batch()) + 1;
                appends.add(append);
            }
        }
        int from = 0;
        boolean reserveTried = !context.isInternal();
        while (from < appends.size()) {
            try {
                from += writeGroup(appends.subList(from, appends.size()));
            } catch (IOException e) {
                if (e instanceof DiskFullException) {
                    context.reserve().giveUp();
                    if (!reserveTried) {
                        reserveTried = true;
                        continue;
                    }
                }
                failWrite(appends.subList(from, appends.size()), e);
                return;
            }
        }
    }

    private @Nullable LevadaException refusal() {
        LevadaException reason = log.closedBecause();
        if (reason == null) {
            reason = failure;
        }
        if (reason == null && context.reserve().isGivenUp() && !context.isInternal()) {
            reason = context.reserve().refusal();
        }
        boolean journaled = !context.durableUnforced();
        return reason == null && journaled ? context.journal().unavailable() : reason;
    }

    private boolean refuse(Append append, @Nullable LevadaException refusal) {
        LevadaException reason = refusal;
        if (reason == null && append.batch().readableBytes() > context.maxBatchBytes()) {
            reason = new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a batch of " + append.batch().readableBytes() + " bytes; this log takes at most "
                            + context.maxBatchBytes());
        }
        if (reason != null) {
            tell(append, -1, reason);
        }
        return reason != null;
    }

    /** Whether a batch is to be written where it would come to stand; if not, it is answered, now or later. */
    private boolean admit(Append append, long offset) {
        if (!producers.isNew(append, this::tell)) {
            return false;
        }
        long expected = append.expectedOffset();
        if (expected != PartitionLog.ANY_OFFSET && expected != offset) {
            LevadaException mismatch = new LevadaException(
                    ErrorCode.OFFSET_MISMATCH,
                    "offset " + expected + " was expected, but " + context.name() + " ends at " + offset);
            tell(append, -1, mismatch);
            return false;
        }
        producers.appending(append.batch(), offset);
        return true;
    }

    private void failWrite(List<Append> appends, IOException e) {
        LevadaException reason = Failures.storage("writing " + context.name(), e);
        Segment segment = active;
        if (segment != null && segment.isPoisoned()) {
            failure = reason;
            context.mender().rebuild(log);
        }
        producers.cutTo(log.end(), reason, this::tell);
        appends.forEach(append -> tell(append, -1, reason));
    }

    /** Writes as many of the batches as belong into one segment, at least one; gives how many. */
    private int writeGroup(List<Append> waitingBatches) throws IOException {
        long base = log.end();
        Segment segment = segmentFor(waitingBatches.get(0).batch().readableBytes(), base);
        List<Append> appends = new ArrayList<>(waitingBatches.size());
        int bytes = 0;
        long next = base;
        for (Append append : waitingBatches) {
            ByteBuf batch = append.batch();
            if (!appends.isEmpty()
                    && !segment.fits(
                            bytes + batch.readableBytes(),
                            next,
                            context.settings().segmentBytes())) {
                break;
            }
            HeaderChecksum.stamp(context.id().topicId(), context.id().partition(), next, batch);
            next = RecordBatch.nextOffset(batch);
            bytes += batch.readableBytes();
            appends.add(append);
        }
        write(segment, appends, bytes);
        log.setEnd(next);
        DurablePoint durable = new DurablePoint(next, segment, segment.bytes());
        if (context.durableUnforced()) {
            durable(appends, durable);
        } else {
            inFlight++;
            context.journal().submit(Group.of(log, epoch, appends, bytes, durable));
            if (segment.claimForce()) {
                context.mender().forceSoon(log, segment);
            }
        }
        return appends.size();
    }

    private static void write(Segment segment, List<Append> appends, int bytes) throws IOException {
        List<ByteBuffer> buffers = new ArrayList<>(appends.size());
        addBuffers(appends, buffers);
        int position = segment.bytes();
        segment.write(buffers.toArray(ByteBuffer[]::new), bytes);
        for (Append append : appends) {
            segment.note(append.batch(), position);
            position += append.batch().readableBytes();
        }
    }

    static void addBuffers(List<Append> appends, List<ByteBuffer> buffers) {
        for (Append append : appends) {
            ByteBuf batch = append.batch();
            if (batch.nioBufferCount() == 1) {
                buffers.add(batch.nioBuffer());
            } else {
                buffers.addAll(Arrays.asList(batch.nioBuffers()));
            }
        }
    }

    /** Why nothing is appended to this partition, whatever others do; null while it is. Safe for any thread. */
    @Nullable
    LevadaException failure() {
        return failure;
    }

    /** The active segment, or a new one where a batch of this size does not belong to it any more. */
    private Segment segmentFor(int batchBytes, long base) throws IOException {
        Segment current = active;
        if (current != null
                && (current.bytes() == 0
                        || current.fits(batchBytes, base, context.settings().segmentBytes()))) {
            current.prepareToWrite();
            return current;
        }
        if (!directoryMade) {
            context.disk().makeDirectory(context.directory());
            directoryMade = true;
        }
        Segment created = context.createSegment(base);
        List<Segment> all = new ArrayList<>(log.segments());
        Segment last = all.isEmpty() ? null : all.get(all.size() - 1);
        if (last != null && last.closedMs() == Extent.OPEN) {
            close(last, context.time().nowMs());
        }
        directoryUnforced = true;
        all.add(created);
        log.setSegments(all);
        active = created;
        return created;
    }

    /** The segment that is being written; null while there is none. */
    @Nullable
    Segment active() {
        return active;
    }

    /** Closes the active segment, where it holds anything, so that the next batch begins another. */
    boolean closeActive(long nowMs) {
        Segment current = active;
        if (current == null || current.bytes() == 0) {
            return false;
        }
        close(current, nowMs);
        active = null;
        return true;
    }

    /** Closes a segment; one that this life has not written was at rest already when the log was opened. */
    private void close(Segment segment, long nowMs) {
        segment.closeAt(segment.mayBeOfThisLife() ? nowMs : context.time().restedSinceMs());
    }

    /** Puts others into the places of closed segments, or nothing; gives those in whose places there is nothing now. */
    List<Segment> exchange(Map<Segment, @Nullable Segment> others) {
        List<Segment> now = new ArrayList<>();
        List<Segment> emptied = new ArrayList<>();
        for (Segment segment : log.segments()) {
            Segment other = others.get(segment);
            if (other != null) {
                now.add(other);
            } else if (others.containsKey(segment)) {
                emptied.add(segment);
            } else {
                now.add(segment);
            }
        }
        log.setSegments(now);
        return emptied;
    }

    /** A group came back from the journal. */
    void completed(Group group, @Nullable LevadaException error) {
        inFlight--;
        if (group.isReservation()) {
            reserved(group, error);
            return;
        }
        LevadaException reason = error == null ? deletion() : error;
        if (reason != null) {
            if (error != null && group.epoch() == epoch) {
                goBack(reason);
            } else if (error == null) {
                producers.cutTo(0, reason, this::tell);
            }
            group.appends().forEach(append -> tell(append, -1, reason));
        } else {
            durable(group.appends(), group.durable());
        }
        tellIfIdle();
    }

    private void durable(List<Append> appends, DurablePoint durable) {
        log.setDurable(durable);
        producers.durable(durable.offset(), context.time().nowMs(), this::tell);
        appends.forEach(this::announce);
    }

    private @Nullable LevadaException deletion() {
        LevadaException reason = log.closedBecause();
        return reason != null && reason.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? reason : null;
    }

    private void announce(Append append) {
        ByteBuf batch = append.batch();
        long base = RecordBatch.baseOffset(batch);
        long next = RecordBatch.nextOffset(batch);
        for (Tail tail : tails) {
            try {
                tail.listener.durable(base, next, batch);
            } catch (RuntimeException e) {
                LOG.error("a listener of {} failed", context.name(), e);
            }
        }
        tell(append, base, null);
    }

    /** Tells the one who waits for an append, and releases the batch. */
    private void tell(Append append, long base, @Nullable LevadaException error) {
        try {
            append.listener().appended(base, error);
        } catch (RuntimeException e) {
            LOG.error("a publisher of {} failed", context.name(), e);
        } finally {
            append.batch().release();
        }
    }

    /** Takes back everything behind what is durable. */
    private void goBack(LevadaException reason) {
        epoch++;
        DurablePoint durable = log.durablePoint();
        log.setEnd(durable.offset());
        producers.cutTo(durable.offset(), reason, this::tell);
        List<Segment> kept = new ArrayList<>();
        List<Segment> dropped = new ArrayList<>();
        for (Segment segment : log.segments()) {
            (segment.baseOffset() < durable.offset() ? kept : dropped).add(segment);
        }
        active = durable.segment();
        log.setSegments(kept);
        cutActive(durable);
        dropped.forEach(this::delete);
    }

    private void cutActive(DurablePoint durable) {
        Segment last = active;
        try {
            if (last != null && last.bytes() > durable.position()) {
                last.prepareToWrite();
                last.cut(durable.position(), durable.offset());
            }
        } catch (IOException e) {
            LOG.warn("{}: what was taken back could not be cut, and will be overwritten", context.name(), e);
        }
    }

    private void delete(Segment segment) {
        try {
            segment.delete();
        } catch (IOException e) {
            LOG.warn("{} could not be deleted; recovery does, or who needs the name", segment.logPath(), e);
        }
    }

    Loop loop() {
        return context.loop();
    }

    TailRegistration register(TailListener listener) {
        Tail tail = new Tail(listener);
        context.loop().execute(() -> {
            if (!tail.cancelled) {
                listener.started(log.durable());
                tails.add(tail);
            }
        });
        return () -> {
            tail.cancelled = true;
            tails.remove(tail);
        };
    }

    /** Completes when nothing waits. From any thread, once. */
    CompletableFuture<@Nullable Void> whenIdle() {
        CompletableFuture<@Nullable Void> future = new CompletableFuture<>();
        context.loop().execute(() -> {
            idle = future;
            tellIfIdle();
        });
        return future;
    }

    /** Refuses appends until {@link #replace}, and says when nothing is under way. From any thread. */
    void halt(Runnable whenIdle) {
        context.loop().execute(() -> {
            if (failure == null) {
                failure = new LevadaException(
                        ErrorCode.STORAGE_FAILED, "a segment of " + context.name() + " failed and is being rebuilt");
            }
            halted = whenIdle;
            tellIfIdle();
        });
    }

    /**
     * Puts segments in the places of failed ones, and appends again; on the loop, while nothing is under way.
     *
     * @param rebuilt by the segments that failed; of no others anything is durable
     */
    void replace(Map<Segment, Segment> rebuilt) {
        List<Segment> now = new ArrayList<>();
        for (Segment segment : log.segments()) {
            Segment kept = segment.isPoisoned() ? rebuilt.get(segment) : segment;
            if (kept != null) {
                now.add(kept);
            }
        }
        DurablePoint durable = log.durablePoint();
        Segment last = durable.segment();
        if (last != null && last.isPoisoned()) {
            log.setDurable(new DurablePoint(durable.offset(), rebuilt.get(last), durable.position()));
        }
        log.setSegments(now);
        Segment failed = active;
        if (failed != null && failed.isPoisoned()) {
            active = rebuilt.get(failed);
        }
        failure = null;
    }

    private void tellIfIdle() {
        Runnable halt = halted;
        if (halt != null && inFlight == 0) {
            halted = null;
            halt.run();
        }
        CompletableFuture<@Nullable Void> future = idle;
        if (future != null && inFlight == 0 && waiting.get() == 0) {
            idle = null;
            future.complete(null);
        }
    }

    /** What is durable now, and what has to be forced for a checkpoint to say so; on the loop. */
    Snapshot snapshot() {
        DurablePoint durable = log.durablePoint();
        List<Extent> extents = new ArrayList<>();
        List<Segment> unforced = new ArrayList<>();
        List<Segment> resting = new ArrayList<>();
        for (Segment segment : log.segments()) {
            if (segment.baseOffset() >= durable.offset()) {
                break;
            }
            boolean last = segment == durable.segment();
            extents.add(
                    last
                            ? segment.extent(durable.position(), durable.offset())
                            : segment.extent(segment.bytes(), segment.nextOffset()));
            if (segment.isUnforced()) {
                unforced.add(segment);
            }
            if (segment.isWritten() && segment != active && !last) {
                resting.add(segment);
            }
        }
        boolean forceDirectory = directoryUnforced;
        directoryUnforced = false;
        return new Snapshot(
                log,
                log.start(),
                reservedInCheckpoint(),
                durable,
                extents,
                producers.checkpoint(),
                unforced,
                resting,
                forceDirectory);
    }

    /** Once nothing is written any more, nothing is reserved: so only a crash leaves a gap. */
    private long reservedInCheckpoint() {
        if (!context.durableUnforced()) {
            return 0;
        }
        return log.closedBecause() == null ? reserved : log.end();
    }

    /** A checkpoint that was to force the directory failed: it has still to be forced. From any thread. */
    void forceDirectoryAgain() {
        context.loop().execute(() -> directoryUnforced = true);
    }

    private static final class Tail {
        private final TailListener listener;
        private volatile boolean cancelled;

        Tail(TailListener listener) {
            this.listener = listener;
        }
    }
}
