package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Clock;
import io.levada.env.Disk;
import io.levada.env.Loop;
import io.levada.log.JournalBlock.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the batches of all partitions durable: its loop takes everything that waits into one block, writes it, forces it
 * once, and hands the results back to the partitions' loops. What gathers during one force is the next block, so that a
 * force is shared by all who wait and nobody waits for company.
 *
 * <p>Files are used one after the other. A full one is kept until a checkpoint has made its blocks superfluous, and is
 * then used again. When there is no room the journal stalls until a checkpoint frees some, and fails what waits when that
 * cannot be.
 *
 * <p>After a failed write or force nothing can be said of the file any more: it is poisoned, and never written or forced
 * again. A new file begins at once with an empty block of the failed one's sequence; once that is forced, what failed
 * has failed for good, and appending goes on. Until a new file can be made, nobody knows what became of the failed block,
 * and nothing is appended.
 */
final class Journal {
    /** Most bytes gathered into a block, unless one group alone has more. */
    private static final int MAX_BLOCK_BYTES = 4 << 20;

    private static final Duration RETRY = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    /** What the journal asks of the store's maintenance. Called on the journal's loop, answered there later. */
    interface Keeper {
        /** Asks for a checkpoint, answered by {@link #freed} or {@link #notFreed}. */
        void checkpoint();

        /** Fails when a file of this size would leave too little space for others. Safe for any thread. */
        void requireSpace(int bytes) throws IOException;

        /** Asks for {@link #spare}. */
        void makeSpare(int number);
    }

    private final Disk disk;
    private final Clock clock;
    private final LogConfig config;
    private final UUID logId;
    private final Loop loop;
    private final List<Loop> writerLoops;
    private final Keeper keeper;

    private final Queue<Group> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile @Nullable LevadaException unavailable;
    private final LongAdder forces = new LongAdder();
    private final LongAdder forceNanos = new LongAdder();

    // All below is the loop's own.
    private final List<Group> block = new ArrayList<>();
    private final List<List<Result>> results = new ArrayList<>();
    private final Deque<JournalFile> spares = new ArrayDeque<>();
    private final Deque<JournalFile> full = new ArrayDeque<>();
    /** Failed files that hold blocks still needed, or that could not be deleted. */
    private final List<JournalFile> poisoned = new ArrayList<>();

    private JournalFile current;
    private int position;
    private long generation;
    private long sequence;
    private boolean stalled;
    private boolean spareAsked;
    private int spareNumber;
    private boolean checkpointAsked;
    private boolean closed;
    private @Nullable LevadaException checkpointFailure;
    private ByteBuffer heads = ByteBuffer.allocateDirect(4 << 10);
    private final ByteBuffer padding = ByteBuffer.allocateDirect(Layout.SECTOR_BYTES);

    /** Starts with files that hold nothing of use, at least one. */
    Journal(
            Disk disk,
            Clock clock,
            LogConfig config,
            UUID logId,
            Loop loop,
            List<Loop> writerLoops,
            Keeper keeper,
            List<JournalFile> files,
            Checkpoint checkpoint) {
        this.disk = disk;
        this.clock = clock;
        this.config = config;
        this.logId = logId;
        this.loop = loop;
        this.writerLoops = writerLoops;
        this.keeper = keeper;
        this.generation = checkpoint.generation();
        this.sequence = checkpoint.sequence();
        spares.addAll(files);
        current = spares.remove();
        writerLoops.forEach(writer -> results.add(new ArrayList<>()));
    }

    Loop loop() {
        return loop;
    }

    /** Why nothing can be appended for now; null while it can. Safe for any thread. */
    @Nullable
    LevadaException unavailable() {
        return unavailable;
    }

    /** Blocks that were forced. Safe for any thread. */
    long forces() {
        return forces.sum();
    }

    /** How long that took. Safe for any thread. */
    long forceNanos() {
        return forceNanos.sum();
    }

    /** Takes a group, which comes back by {@link PartitionLog#completed}. Safe for any thread. */
    void submit(Group group) {
        queue.add(group);
        if (waiting.getAndIncrement() == 0) {
            loop.execute(this::drain);
        }
    }

    private void drain() {
        int seen = waiting.get();
        int taken = block.isEmpty() ? gather(seen) : 0;
        if (!block.isEmpty() && stalled && !spareAsked) {
            askForCheckpoint();
        } else if (!block.isEmpty() && !stalled) {
            writeBlock();
        }
        int left = waiting.addAndGet(-taken);
        if (left > 0 && !stalled) {
            loop.execute(this::drain);
        }
    }

    /** Moves what waits into the block; gives how much it took from the queue. */
    private int gather(int most) {
        long bytes = 0;
        int taken = 0;
        for (Group next = queue.peek(); next != null && taken < most; next = queue.peek()) {
            if (!block.isEmpty() && bytes + next.bytes() > Math.min(MAX_BLOCK_BYTES, current.size() / 2)) {
                break;
            }
            queue.remove();
            taken++;
            LevadaException failure = refusal(next);
            if (failure != null) {
                fail(next, failure);
            } else {
                block.add(next);
                bytes += next.bytes();
            }
        }
        if (block.isEmpty()) {
            handBack();
        }
        return taken;
    }

    private @Nullable LevadaException refusal(Group group) {
        LevadaException reason = unavailable;
        return reason == null ? group.partition().journalRefusal(group.epoch()) : reason;
    }

    private void writeBlock() {
        int entries = block.size();
        int length = JournalBlock.HEADER_BYTES + entries * JournalBlock.ENTRY_BYTES;
        for (Group group : block) {
            length += group.bytes();
        }
        int wholeSectors = Layout.sectorEnd(length);
        if (!makeRoom(wholeSectors)) {
            return;
        }
        try {
            ByteBuffer[] buffers = encode(length, wholeSectors - length);
            current.file().write(position, buffers);
            long before = clock.nanos();
            current.file().force();
            forceNanos.add(clock.nanos() - before);
            forces.increment();
        } catch (IOException e) {
            failOver(e);
            return;
        }
        current.lastSequence = sequence;
        sequence++;
        position += wholeSectors;
        block.forEach(group -> result(group, null));
        block.clear();
        handBack();
        prepareSpare();
    }

    private ByteBuffer[] encode(int length, int paddingBytes) {
        int headBytes =
                JournalBlock.HEADER_BYTES + block.size() * (JournalBlock.ENTRY_BYTES + JournalBlock.RESERVATION_BYTES);
        if (heads.capacity() < headBytes) {
            heads = ByteBuffer.allocateDirect(headBytes * 2);
        }
        heads.clear();
        List<ByteBuffer> buffers = new ArrayList<>();
        JournalBlock.putHeader(heads, logId, new Header(length, generation, sequence, sequence - 1, block.size()));
        int from = 0;
        for (Group group : block) {
            int kind = group.isReservation() ? JournalBlock.RESERVATION : JournalBlock.BATCHES;
            JournalBlock.putEntry(heads, kind, group.partition().id(), group.bytes());
            if (group.isReservation()) {
                heads.putLong(group.reserved());
            }
            buffers.add(heads.slice(from, heads.position() - from));
            from = heads.position();
            PartitionWriter.addBuffers(group.appends(), buffers);
        }
        int count = buffers.size();
        buffers.add(padding.clear().limit(paddingBytes));
        ByteBuffer[] array = buffers.toArray(ByteBuffer[]::new);
        JournalBlock.seal(array, count);
        return array;
    }

    /** Makes sure that so many bytes fit behind the position; false when that has to wait, or cannot be. */
    private boolean makeRoom(int bytes) {
        if (position + bytes <= current.size()) {
            return true;
        }
        full.add(current);
        position = 0;
        generation++;
        askForCheckpoint();
        if (spares.isEmpty() && !spareAsked && mayGrow(full.size())) {
            try {
                keeper.requireSpace(config.journalFileBytes());
                spares.add(JournalFile.create(disk, freeNumber(), config.journalFileBytes()));
            } catch (IOException e) {
                LOG.warn("no other journal file could be made: waiting for a checkpoint to free one", e);
            }
        }
        stalled = spares.isEmpty();
        if (!stalled) {
            current = spares.remove();
        }
        return !stalled;
    }

    private boolean mayGrow(int filesInUse) {
        return filesInUse + spares.size() < config.journalFiles();
    }

    private int freeNumber() {
        Set<Integer> used = new HashSet<>();
        used.add(current.number());
        spares.forEach(file -> used.add(file.number()));
        full.forEach(file -> used.add(file.number()));
        poisoned.forEach(file -> used.add(file.number()));
        if (spareAsked) {
            used.add(spareNumber);
        }
        int number = 0;
        while (used.contains(number)) {
            number++;
        }
        return number;
    }

    /** Has the next file made in the background, in time. */
    private void prepareSpare() {
        if (position > current.size() / 2 && spares.isEmpty() && full.isEmpty() && !spareAsked && mayGrow(1)) {
            spareNumber = freeNumber();
            spareAsked = true;
            keeper.makeSpare(spareNumber);
        }
    }

    /** A file that was asked for; null when it could not be made. On the loop. */
    void spare(@Nullable JournalFile file) {
        spareAsked = false;
        if (file != null) {
            spares.add(file);
        }
        resume();
    }

    private void askForCheckpoint() {
        if (!checkpointAsked) {
            checkpointAsked = true;
            keeper.checkpoint();
        }
    }

    /** A checkpoint has made the blocks before a sequence superfluous. On the loop. */
    void freed(long before) {
        checkpointAsked = false;
        checkpointFailure = null;
        while (!full.isEmpty() && full.element().lastSequence < before) {
            spares.add(full.remove());
        }
        poisoned.removeIf(file -> file.lastSequence < before && discard(file));
        resume();
    }

    /** The checkpoint asked for failed. On the loop. */
    void notFreed(LevadaException failure) {
        checkpointAsked = false;
        checkpointFailure = failure;
        resume();
    }

    private void resume() {
        if (stalled && !spares.isEmpty()) {
            current = spares.remove();
            stalled = false;
        }
        LevadaException failure = checkpointFailure;
        if (stalled && !checkpointAsked && !spareAsked && failure != null) {
            failWaiting(failure);
        }
        drain();
    }

    /** Blocks before this sequence are durable and have been handed back. On the loop. */
    long nextSequence() {
        return sequence;
    }

    /** Blocks from {@link #nextSequence} on will stand in files of this generation or later. On the loop. */
    long nextGeneration() {
        return generation;
    }

    /** A write or a force failed: goes on in another file, if one can be made. */
    private void failOver(IOException cause) {
        LOG.warn("writing the journal failed; it goes on in another file", cause);
        LevadaException failure = new LevadaException(
                ErrorCode.STORAGE_FAILED, "writing the journal failed (" + cause + "); nothing of it was kept", cause);
        poisoned.add(current);
        LevadaException obstacle = beginAnew();
        if (obstacle == null) {
            block.forEach(group -> fail(group, failure));
            block.clear();
            handBack();
            askForCheckpoint(); // so that the failed file can go
            return;
        }
        unavailable = obstacle;
        LOG.warn("no other journal file can be written: appending is refused until one can", obstacle);
        for (Group group : block) {
            group.partition().journalFailed(group.epoch(), failure); // what came behind it was never written
            result(group, unknown(cause));
        }
        block.clear();
        failWaiting(obstacle);
        loop.schedule(RETRY, this::tryAgain);
    }

    private static LevadaException unknown(IOException cause) {
        return new LevadaException(
                ErrorCode.OUTCOME_UNKNOWN,
                "writing the journal failed (" + cause + "), and so did recording that: what was published may be there"
                        + " or not after the next start",
                cause);
    }

    private void tryAgain() {
        if (!closed && unavailable != null) {
            unavailable = beginAnew();
            if (unavailable == null) {
                LOG.warn("the journal goes on in another file: appending is possible again");
                askForCheckpoint();
                drain();
            } else {
                loop.schedule(RETRY, this::tryAgain);
            }
        }
    }

    /** Begins a new file with an empty block, which makes void what a failed file may hold from there on; null if forced. */
    private @Nullable LevadaException beginAnew() {
        generation++;
        JournalFile file = null;
        try {
            file = spares.isEmpty()
                    ? JournalFile.create(disk, freeNumber(), config.firstJournalFileBytes())
                    : spares.remove();
            ByteBuffer only = ByteBuffer.allocate(Layout.SECTOR_BYTES);
            JournalBlock.putHeader(
                    only, logId, new Header(JournalBlock.HEADER_BYTES, generation, sequence, sequence - 1, 0));
            JournalBlock.seal(new ByteBuffer[] {only.flip()}, 1);
            file.file().write(0, only, padding.clear().limit(Layout.SECTOR_BYTES - JournalBlock.HEADER_BYTES));
            file.file().force();
        } catch (IOException e) {
            if (file != null && !discard(file)) {
                poisoned.add(file);
            }
            return Failures.storage("making a new journal file", e);
        }
        file.lastSequence = sequence;
        sequence++;
        current = file;
        position = Layout.SECTOR_BYTES;
        return null;
    }

    /** Closes and deletes a failed file, which is of no use any more; false when that cannot be done yet. */
    private boolean discard(JournalFile file) {
        try {
            file.file().close();
            disk.delete(Layout.journalFile(file.number()));
            return true;
        } catch (IOException e) {
            LOG.warn("{} could not be deleted yet", Layout.journalFile(file.number()), e);
            return false;
        }
    }

    private void failWaiting(LevadaException failure) {
        block.forEach(group -> fail(group, failure));
        block.clear();
        for (int left = waiting.get(); left > 0; left--) {
            Group group = queue.poll();
            if (group == null) {
                break;
            }
            waiting.decrementAndGet();
            fail(group, failure);
        }
        handBack();
    }

    private void fail(Group group, LevadaException failure) {
        group.partition().journalFailed(group.epoch(), failure);
        result(group, failure);
    }

    private void result(Group group, @Nullable LevadaException failure) {
        results.get(group.partition().loopIndex()).add(new Result(group, failure));
    }

    /** Gives the results to the partitions' loops, with one task for each loop. */
    private void handBack() {
        for (int i = 0; i < results.size(); i++) {
            List<Result> ready = results.get(i);
            if (!ready.isEmpty()) {
                results.set(i, new ArrayList<>());
                writerLoops.get(i).execute(() -> ready.forEach(Result::deliver));
            }
        }
    }

    /** Closes the files; nothing may be waiting. On the loop. */
    void close() throws IOException {
        closed = true;
        List<JournalFile> files = new ArrayList<>(spares);
        files.addAll(full);
        files.addAll(poisoned);
        if (!stalled && unavailable == null) {
            files.add(current);
        }
        for (JournalFile file : files) {
            file.file().close();
        }
    }

    private record Result(Group group, @Nullable LevadaException failure) {
        void deliver() {
            group.partition().completed(group, failure);
        }
    }
}
