package io.levada.log;

import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.log.Checkpoint.PartitionId;
import io.levada.log.JournalBlock.Header;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Finds the journal's blocks that recovery needs, in order, up to a torn tail. Changes nothing. A block that is missing
 * although a later one exists is corruption, since each block was forced before the next one was written.
 */
final class JournalScan {
    private final Disk disk;
    private final UUID logId;
    private final long from;
    private final long leastGeneration;
    private final List<Run> runs = new ArrayList<>();
    private final List<Place> strays = new ArrayList<>();
    private final List<Place> needed = new ArrayList<>();
    private long highestGeneration;
    private long next;

    private JournalScan(Disk disk, UUID logId, long from, long leastGeneration) {
        this.disk = disk;
        this.logId = logId;
        this.from = from;
        this.leastGeneration = leastGeneration;
        this.highestGeneration = leastGeneration - 1;
    }

    /** A whole block, and where it stands. */
    private record Place(String path, int position, Header header) {}

    /** The consecutive blocks that a file begins with. */
    private record Run(List<Place> blocks) {
        Header first() {
            return blocks.get(0).header();
        }
    }

    /** Takes the batches that a block holds for a partition, one by one; the buffer is borrowed. */
    interface BatchVisitor {
        void batch(PartitionId id, ByteBuf batch) throws IOException;

        /** All offsets of a partition below one were reserved. */
        default void reserved(PartitionId id, long upTo) {}
    }

    static JournalScan of(Disk disk, UUID logId, Checkpoint checkpoint) throws IOException {
        JournalScan scan = new JournalScan(disk, logId, checkpoint.sequence(), checkpoint.generation());
        scan.scanFiles();
        scan.next = scan.chain(Long.MAX_VALUE);
        scan.failIfMissing(scan.next);
        return scan;
    }

    /**
     * Finds blocks while the journal goes on.
     *
     * @param from sequence of the first one
     * @param before all below this sequence are forced
     * @param leastGeneration of the files that may hold them
     */
    static JournalScan between(Disk disk, UUID logId, long from, long before, long leastGeneration) throws IOException {
        JournalScan scan = new JournalScan(disk, logId, from, leastGeneration);
        scan.scanFiles();
        scan.next = scan.chain(before);
        if (scan.next < before) {
            throw Failures.corrupt("the journal's block " + scan.next + " is damaged or missing");
        }
        return scan;
    }

    /** Finds all blocks that a checkpoint may need, whatever is missing between them. */
    static JournalScan inSpiteOfDamage(Disk disk, UUID logId, long from, long leastGeneration) throws IOException {
        JournalScan scan = new JournalScan(disk, logId, from, leastGeneration);
        scan.scanFiles();
        scan.runs.removeIf(run -> run.first().generation() < leastGeneration);
        scan.strays.removeIf(place -> place.header().generation() < leastGeneration);
        scan.needed.addAll(scan.strays);
        scan.runs.forEach(run -> scan.needed.addAll(run.blocks()));
        scan.needed.removeIf(place -> place.header().sequence() < from || scan.isVoid(place));
        scan.needed.sort(Comparator.<Place>comparingLong(place -> place.header().generation())
                .thenComparingLong(place -> place.header().sequence()));
        scan.next = from;
        for (Place place : scan.needed) {
            scan.next = Math.max(scan.next, place.header().sequence() + 1);
            scan.highestGeneration =
                    Math.max(scan.highestGeneration, place.header().generation());
        }
        return scan;
    }

    /** Whether a later file begins with its sequence, since the one that it is in had failed there. */
    private boolean isVoid(Place place) {
        long generation = place.header().generation();
        long sequence = place.header().sequence();
        return runs.stream()
                        .map(Run::first)
                        .anyMatch(first -> first.generation() > generation && first.sequence() <= sequence)
                || strays.stream() // the block before which is damaged, and in the same file
                        .map(Place::header)
                        .anyMatch(stray -> stray.generation() > generation && stray.forced() <= sequence);
    }

    private void scanFiles() throws IOException {
        for (String name : disk.list(Layout.JOURNAL)) {
            if (Layout.journalNumber(name) >= 0) {
                scanFile(Layout.JOURNAL + "/" + name);
            }
        }
    }

    private void scanFile(String path) throws IOException {
        int size = (int) Math.min(disk.size(path), Integer.MAX_VALUE);
        try (DiskFile file = disk.open(path, false)) {
            List<Place> blocks = new ArrayList<>();
            int position = 0;
            while (position < size) {
                Header header = wholeBlock(file, position, size);
                if (header == null || !follows(blocks, header)) {
                    break;
                }
                blocks.add(new Place(path, position, header));
                position += Layout.sectorEnd(header.length());
            }
            if (!blocks.isEmpty()) {
                runs.add(new Run(blocks));
                highestGeneration =
                        Math.max(highestGeneration, blocks.get(0).header().generation());
            }
            for (int at = position; at < size; at += Layout.SECTOR_BYTES) {
                Header stray = wholeBlock(file, at, size);
                if (stray != null) {
                    strays.add(new Place(path, at, stray));
                }
            }
        }
    }

    private static boolean follows(List<Place> blocks, Header header) {
        if (blocks.isEmpty()) {
            return true;
        }
        Header last = blocks.get(blocks.size() - 1).header();
        return header.generation() == last.generation() && header.sequence() == last.sequence() + 1;
    }

    private @Nullable Header wholeBlock(DiskFile file, int position, int size) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(JournalBlock.HEADER_BYTES);
        file.read(position, head);
        if (!JournalBlock.isHeader(head.flip(), logId, size - position)) {
            return null;
        }
        Header header = JournalBlock.header(head);
        ByteBuffer block = ByteBuffer.allocate(header.length());
        file.read(position, block);
        return block.flip().limit() == header.length() && JournalBlock.isWhole(block) ? header : null;
    }

    /** Puts the blocks below a sequence in order, as far as they follow each other; gives the next sequence. */
    private long chain(long before) {
        runs.removeIf(run -> run.first().generation() < leastGeneration);
        runs.sort(Comparator.comparingLong(run -> run.first().generation()));
        for (Run run : runs) {
            dropVoid(run.first().sequence());
            for (Place block : run.blocks()) {
                long sequence = block.header().sequence();
                if (sequence >= before) {
                    break;
                }
                if (sequence > expected()) {
                    throw missing(expected(), block);
                }
                if (sequence == expected()) {
                    needed.add(block);
                }
            }
        }
        return expected();
    }

    private long expected() {
        return from + needed.size();
    }

    /** Where a file failed, the next one begins with the sequence that is void in it. */
    private void dropVoid(long sequence) {
        while (!needed.isEmpty() && expected() > sequence) {
            needed.remove(needed.size() - 1);
        }
    }

    private void failIfMissing(long expected) {
        for (Place stray : strays) {
            if (stray.header().generation() >= leastGeneration && isMissing(stray.header(), expected)) {
                throw missing(Math.min(expected, stray.header().forced()), stray);
            }
        }
    }

    /** Whether the block is missing that, in the same file, was forced before a stray one was written. */
    private boolean isMissing(Header stray, long expected) {
        if (stray.forced() >= expected) {
            return true;
        }
        long index = stray.forced() - from;
        return index >= 0 && needed.get((int) index).header().generation() < stray.generation();
    }

    private static LevadaException missing(long sequence, Place later) {
        return Failures.corrupt("the journal's block " + sequence + " is damaged or missing, though block "
                + later.header().sequence() + " in " + later.path() + " at " + later.position()
                + " was written after it was forced; nothing was changed");
    }

    boolean isEmpty() {
        return needed.isEmpty();
    }

    /** The sequence behind the last block found. */
    long nextSequence() {
        return next;
    }

    /** A generation that no block has. */
    long nextGeneration() {
        return highestGeneration + 1;
    }

    /** Visits the batches of the blocks needed, in order. */
    void replay(BatchVisitor visitor) throws IOException {
        for (Place place : needed) {
            ByteBuffer bytes = ByteBuffer.allocate(place.header().length());
            try (DiskFile file = disk.open(place.path(), false)) {
                file.read(place.position(), bytes);
            }
            visitEntries(place, Unpooled.wrappedBuffer(bytes.flip()), visitor);
        }
    }

    private static void visitEntries(Place place, ByteBuf block, BatchVisitor visitor) throws IOException {
        block.skipBytes(JournalBlock.HEADER_BYTES);
        try {
            for (int left = place.header().entries(); left > 0; left--) {
                int kind = block.readInt();
                PartitionId id = new PartitionId(new UUID(block.readLong(), block.readLong()), block.readInt());
                ByteBuf batches = block.readSlice(block.readInt());
                if (kind == JournalBlock.RESERVATION) {
                    visitor.reserved(id, batches.readLong());
                } else if (kind != JournalBlock.BATCHES) {
                    throw Failures.corrupt("entry of unknown kind " + kind + " in " + place.path());
                }
                while (batches.isReadable()) {
                    visitor.batch(id, batches.readSlice(RecordBatch.sizeInBytes(batches)));
                }
            }
        } catch (IndexOutOfBoundsException e) {
            throw Failures.corrupt(
                    "an entry reaches beyond block " + place.header().sequence() + " in " + place.path());
        }
    }
}
