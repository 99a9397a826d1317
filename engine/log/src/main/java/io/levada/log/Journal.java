package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFullException;
import io.levada.env.Loop;
import io.levada.log.JournalBlock.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
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
 * <p>After a failed write or force nothing can be said of the file any more: the journal is poisoned and everything fails
 * until the store is opened again.
 */
final class Journal {
    /** Most bytes gathered into a block, unless one group alone has more. */
    private static final int MAX_BLOCK_BYTES = 4 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    /** What the journal asks of the store's maintenance. Called on the journal's loop, answered there later. */
    interface Keeper {
        /** Asks for a checkpoint, answered by {@link #freed} or {@link #notFreed}. */
        void checkpoint();

        /** Asks for {@link #spare}. */
        void makeSpare(int number);
    }

    private final Disk disk;
    private final LogConfig config;
    private final UUID logId;
    private final Loop loop;
    private final List<Loop> writerLoops;
    private final Keeper keeper;

    private final Queue<Group> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile @Nullable LevadaException poison;

    // All below is the loop's own.
    private final List<Group> block = new ArrayList<>();
    private final List<List<Result>> results = new ArrayList<>();
    private final Deque<JournalFile> spares = new ArrayDeque<>();
    private final Deque<JournalFile> full = new ArrayDeque<>();
    private JournalFile current;
    private int position;
    private long generation;
    private long sequence;
    private boolean stalled;
    private boolean spareAsked;
    private boolean checkpointAsked;
    private @Nullable LevadaException checkpointFailure;
    private ByteBuffer heads = ByteBuffer.allocateDirect(4 << 10);
    private final ByteBuffer padding = ByteBuffer.allocateDirect(Layout.SECTOR_BYTES);

    /** Starts with files that hold nothing of use, at least one. */
    Journal(
            Disk disk,
            LogConfig config,
            UUID logId,
            Loop loop,
            List<Loop> writerLoops,
            Keeper keeper,
            List<JournalFile> files,
            Checkpoint checkpoint) {
        this.disk = disk;
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

    /** Why nothing can be appended any more; null while it can. Safe for any thread. */
    @Nullable
    LevadaException poison() {
        return poison;
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
        LevadaException reason = poison;
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
            current.file().force();
        } catch (IOException e) {
            poison("writing the journal", e);
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
        int headBytes = JournalBlock.HEADER_BYTES + block.size() * JournalBlock.ENTRY_BYTES;
        if (heads.capacity() < headBytes) {
            heads = ByteBuffer.allocateDirect(headBytes * 2);
        }
        heads.clear();
        List<ByteBuffer> buffers = new ArrayList<>();
        JournalBlock.putHeader(heads, logId, new Header(length, generation, sequence, sequence - 1, block.size()));
        int from = 0;
        for (Group group : block) {
            JournalBlock.putEntry(heads, group.partition().id(), group.bytes());
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
        if (spares.isEmpty() && !spareAsked && mayGrow()) {
            try {
                spares.add(JournalFile.create(disk, freeNumber(), config.journalFileBytes()));
            } catch (DiskFullException e) {
                LOG.warn("no space for another journal file: waiting for a checkpoint to free one");
            } catch (IOException e) {
                poison("making a journal file", e);
                return false;
            }
        }
        stalled = spares.isEmpty();
        if (!stalled) {
            current = spares.remove();
        }
        return !stalled;
    }

    private boolean mayGrow() {
        return full.size() + spares.size() + 1 < config.journalFiles();
    }

    private int freeNumber() {
        Set<Integer> used = new HashSet<>();
        used.add(current.number());
        spares.forEach(file -> used.add(file.number()));
        full.forEach(file -> used.add(file.number()));
        int number = 0;
        while (used.contains(number)) {
            number++;
        }
        return number;
    }

    /** Has the next file made in the background, in time. */
    private void prepareSpare() {
        if (position > current.size() / 2 && spares.isEmpty() && full.isEmpty() && !spareAsked && mayGrow()) {
            spareAsked = true;
            keeper.makeSpare(freeNumber());
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

    private void poison(String what, IOException cause) {
        LevadaException failure = new LevadaException(
                ErrorCode.STORAGE_FAILED,
                what + " failed (" + cause + "); what was acknowledged is safe, mend the disk and restart",
                cause);
        LOG.error("{}: appending is over until the store is opened again", what, cause);
        poison = failure;
        failWaiting(failure);
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
        List<JournalFile> files = new ArrayList<>(spares);
        files.addAll(full);
        if (!stalled) {
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
