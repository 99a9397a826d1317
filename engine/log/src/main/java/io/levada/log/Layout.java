package io.levada.log;

import io.levada.env.Disk;
import io.levada.log.Checkpoint.PartitionId;
import io.netty.buffer.ByteBufUtil;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where a store keeps what, relative to its directory. */
final class Layout {
    static final String LOCK = "lock";
    static final String STORE = "store";
    static final String CATALOG = "catalog";
    static final String CHECKPOINT = "checkpoint";
    static final String RESERVE = "reserve";
    static final String JOURNAL = "journal";
    static final String TOPICS = "topics";

    static final String LOG_SUFFIX = ".log";
    static final String INDEX_SUFFIX = ".index";
    static final String TIME_INDEX_SUFFIX = ".timeindex";
    /** Behind a segment's name, while its file is written anew. */
    static final String CLEANED_SUFFIX = ".cleaned";

    static final String REBUILT_SUFFIX = ".rebuilt";

    private static final String JOURNAL_SUFFIX = ".journal";
    private static final int OFFSET_DIGITS = 20;

    /**
     * What a crash may damage as a whole: a write that was not forced can destroy bytes of the same sector that were
     * there before. So the journal begins each block in a sector of its own, and checkpoints hold the beginning of the
     * sector that a segment ends in.
     */
    static final int SECTOR_BYTES = 4096;

    private Layout() {}

    static long sectorStart(long position) {
        return position - position % SECTOR_BYTES;
    }

    static int sectorEnd(int position) {
        return Math.toIntExact(sectorStart(position + (SECTOR_BYTES - 1L)));
    }

    static String journalFile(int number) {
        return "%s/%03d%s".formatted(JOURNAL, number, JOURNAL_SUFFIX);
    }

    /** The number of a journal file's name; -1 when it is none. */
    static int journalNumber(String name) {
        return name.matches("[0-9]{3}\\.journal") ? Integer.parseInt(name.substring(0, 3)) : -1;
    }

    static String hex(UUID id) {
        ByteBuffer bytes =
                ByteBuffer.allocate(16).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        return ByteBufUtil.hexDump(bytes.array());
    }

    /** The id of a topic directory's name; null when it is none. */
    static @Nullable UUID topicId(String name) {
        return name.matches("[0-9a-f]{32}")
                ? new UUID(Long.parseUnsignedLong(name, 0, 16, 16), Long.parseUnsignedLong(name, 16, 32, 16))
                : null;
    }

    static String topicDirectory(UUID id) {
        return TOPICS + "/" + hex(id);
    }

    static String partitionDirectory(UUID topicId, int partition) {
        return topicDirectory(topicId) + "/" + partition;
    }

    /** The partitions of all topics that have a directory, by topic id and number, whether the catalog knows them or not. */
    static List<PartitionId> partitions(Disk disk) throws IOException {
        List<PartitionId> found = new ArrayList<>();
        for (String directory : disk.list(TOPICS)) {
            UUID id = topicId(directory);
            if (id != null) {
                disk.list(topicDirectory(id)).stream()
                        .filter(number -> number.matches("[0-9]{1,9}"))
                        .map(Integer::parseInt)
                        .sorted()
                        .forEach(number -> found.add(new PartitionId(id, number)));
            }
        }
        return found;
    }

    /** The base offsets of the segments that a partition's directory holds, in order. */
    static List<Long> segmentBases(Disk disk, PartitionId id) throws IOException {
        return disk.list(partitionDirectory(id.topicId(), id.partition())).stream()
                .map(name -> segmentBase(name, LOG_SUFFIX))
                .filter(base -> base >= 0)
                .sorted()
                .toList();
    }

    /** A segment's files, without their suffix, within its directory. */
    static String segmentName(long baseOffset) {
        String digits = Long.toString(baseOffset);
        return "0".repeat(OFFSET_DIGITS - digits.length()) + digits;
    }

    /** The base offset of a segment file's name; -1 when it is none. */
    static long segmentBase(String name, String suffix) {
        boolean fits = name.length() == OFFSET_DIGITS + suffix.length()
                && name.endsWith(suffix)
                && name.substring(0, OFFSET_DIGITS).matches("0[0-9]{19}");
        return fits ? Long.parseLong(name.substring(0, OFFSET_DIGITS)) : -1;
    }
}
