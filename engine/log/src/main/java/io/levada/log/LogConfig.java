package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.Map;

/**
 * How a store works, with the bounds of what it holds.
 *
 * @param writerLoops threads that write segments, 1 to 64; each partition is pinned to one
 * @param journalFileBytes size of a journal file, 64 KiB to 1 GiB; a batch must fit into one, and into 16 MiB
 * @param journalFiles most journal files, 2 to 64; a checkpoint frees them
 * @param segmentBytes size at which a segment is closed, for topics without {@code segment.bytes}; 4 KiB to 1 GiB
 * @param indexIntervalBytes bytes of log for each entry of the sparse index, 128 B to 1 MiB
 * @param reserveBytes space kept for commits and checkpoints when the disk is full, 0 to 1 GiB
 * @param allocator where the buffers of reads come from
 */
public record LogConfig(
        int writerLoops,
        int journalFileBytes,
        int journalFiles,
        int segmentBytes,
        int indexIntervalBytes,
        int reserveBytes,
        ByteBufAllocator allocator) {
    static final int LEAST_SEGMENT_BYTES = 4 << 10;
    static final int MOST_SEGMENT_BYTES = 1 << 30;
    private static final int FIRST_JOURNAL_FILE_BYTES = 16 << 20;

    public LogConfig {
        require(writerLoops, 1, 64, "writerLoops");
        require(journalFileBytes, 64 << 10, 1 << 30, "journalFileBytes");
        require(journalFiles, 2, 64, "journalFiles");
        require(segmentBytes, LEAST_SEGMENT_BYTES, MOST_SEGMENT_BYTES, "segmentBytes");
        require(indexIntervalBytes, 128, 1 << 20, "indexIntervalBytes");
        require(reserveBytes, 0, 1 << 30, "reserveBytes");
    }

    private static int require(int value, int least, int most, String name) {
        if (value < least || value > most) {
            throw new LevadaException(
                    ErrorCode.INVALID_CONFIG, name + " must be from " + least + " to " + most + ", not " + value);
        }
        return value;
    }

    /** The first journal file is smaller, since a store cannot open before it is filled. */
    int firstJournalFileBytes() {
        return Math.min(FIRST_JOURNAL_FILE_BYTES, journalFileBytes);
    }

    /** The largest batch that fits into any journal file. */
    int maxBatchBytes() {
        return firstJournalFileBytes() - Layout.SECTOR_BYTES;
    }

    /** A topic's settings; fails with INVALID_CONFIG where one is none. */
    TopicSettings settings(Map<String, String> topicConfig) {
        return TopicSettings.of(topicConfig, segmentBytes);
    }

    /** For a disk: 64 MiB journal files, at most 4 of them, 256 MiB segments. */
    public static LogConfig defaults() {
        int loops = Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors()));
        return new LogConfig(loops, 64 << 20, 4, 256 << 20, 4 << 10, 8 << 20, PooledByteBufAllocator.DEFAULT);
    }

    /** For memory, where a journal is of no use but is kept, small, so that all stores work alike. */
    public static LogConfig memory() {
        return defaults().withJournal(8 << 20, 2).withSegmentBytes(16 << 20).withReserveBytes(0);
    }

    public LogConfig withWriterLoops(int value) {
        return new LogConfig(
                value, journalFileBytes, journalFiles, segmentBytes, indexIntervalBytes, reserveBytes, allocator);
    }

    public LogConfig withJournal(int fileBytes, int files) {
        return new LogConfig(writerLoops, fileBytes, files, segmentBytes, indexIntervalBytes, reserveBytes, allocator);
    }

    public LogConfig withSegmentBytes(int value) {
        return new LogConfig(
                writerLoops, journalFileBytes, journalFiles, value, indexIntervalBytes, reserveBytes, allocator);
    }

    public LogConfig withIndexIntervalBytes(int value) {
        return new LogConfig(writerLoops, journalFileBytes, journalFiles, segmentBytes, value, reserveBytes, allocator);
    }

    public LogConfig withReserveBytes(int value) {
        return new LogConfig(
                writerLoops, journalFileBytes, journalFiles, segmentBytes, indexIntervalBytes, value, allocator);
    }

    public LogConfig withAllocator(ByteBufAllocator value) {
        return new LogConfig(
                writerLoops, journalFileBytes, journalFiles, segmentBytes, indexIntervalBytes, reserveBytes, value);
    }
}
