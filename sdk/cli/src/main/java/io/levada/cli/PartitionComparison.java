package io.levada.cli;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.TopicPartition;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A partition's records, one behind the other, beside those of its copy, whose offsets count them. Not thread-safe. */
final class PartitionComparison {
    private final TopicPartition partition;
    private final Iterator<StoredRecord> theirs;
    private final long theirStart;
    private final boolean compacted;
    private final TreeSet<Long> open;
    private final Map<Long, Long> places = new HashMap<>();
    private final RecordDigest digest = new RecordDigest();
    private @Nullable StoredRecord next;
    private long count;
    private boolean sameOffsets = true;

    /**
     * At the beginning of both.
     *
     * @param theirStart before which the target keeps nothing any more
     * @param compacted whether the target may lack some
     */
    PartitionComparison(
            TopicPartition partition,
            Iterator<StoredRecord> theirs,
            long theirStart,
            boolean compacted,
            Set<Long> wanted) {
        this.partition = partition;
        this.theirs = theirs;
        this.theirStart = theirStart;
        this.compacted = compacted;
        this.open = new TreeSet<>(wanted);
        advance();
    }

    private void advance() {
        next = theirs.hasNext() ? theirs.next() : null;
    }

    void take(StoredRecord record) {
        while (!open.isEmpty() && open.first() <= record.offset()) {
            places.put(Objects.requireNonNull(open.pollFirst()), count);
        }
        sameOffsets &= record.offset() == count;
        StoredRecord copy = next;
        if (copy != null && copy.offset() == count) {
            if (!areEqual(copy, record)) {
                throw differs(copy.offset());
            }
            digest.add(copy);
            advance();
        } else if (count >= theirStart && !compacted) {
            throw differs(count);
        }
        count++;
    }

    Checked end() {
        if (next != null) {
            throw differs(next.offset());
        }
        open.forEach(offset -> places.put(offset, count));
        return new Checked(partition, count, digest.checksum(), sameOffsets, places);
    }

    private LevadaException differs(long offset) {
        return new LevadaException(
                ErrorCode.CORRUPT_MESSAGE,
                partition + " differs at the target's offset " + offset
                        + " from what was copied: somebody else published"
                        + " there, or the source has deleted or compacted some meanwhile; delete the topic there and"
                        + " copy again");
    }

    /**
     * What both have.
     *
     * @param records of the source
     * @param checksum of those of the target
     * @param sameOffsets whether each record has the offset that it had
     * @param places the target's offsets for those of the source that were asked for
     */
    record Checked(
            TopicPartition partition, long records, String checksum, boolean sameOffsets, Map<Long, Long> places) {
        /** The target's offset for one of the source's that was asked for. */
        long place(long offset) {
            return Objects.requireNonNull(places.get(offset), () -> partition + " was not asked for " + offset);
        }
    }

    static boolean areEqual(StoredRecord one, StoredRecord other) {
        return one.timestampMs() == other.timestampMs()
                && Arrays.equals(one.key(), other.key())
                && Arrays.equals(one.value(), other.value())
                && one.headers().equals(other.headers());
    }
}
