package io.levada.log;

import java.util.Arrays;

/**
 * Some batches of a segment, with their places: for the first batch, and then for one in each interval of log. One
 * thread adds and cuts; any may search.
 */
final class SparseIndex {
    private static final int FIRST_CAPACITY = 16;

    private int[] relativeOffsets = new int[FIRST_CAPACITY];
    private int[] positions = new int[FIRST_CAPACITY];
    /** The largest timestamp of all batches before the entry's. */
    private long[] timestampsBefore = new long[FIRST_CAPACITY];

    /** Written last and read first, so that who sees an entry's number sees the entry. */
    private volatile int count;

    int count() {
        return count;
    }

    void add(int relativeOffset, int position, long timestampBefore) {
        int at = count;
        if (at == positions.length) {
            relativeOffsets = Arrays.copyOf(relativeOffsets, at * 2);
            positions = Arrays.copyOf(positions, at * 2);
            timestampsBefore = Arrays.copyOf(timestampsBefore, at * 2);
        }
        relativeOffsets[at] = relativeOffset;
        positions[at] = position;
        timestampsBefore[at] = timestampBefore;
        count = at + 1;
    }

    int relativeOffset(int entry) {
        return relativeOffsets[entry];
    }

    int position(int entry) {
        return positions[entry];
    }

    long timestampBefore(int entry) {
        return timestampsBefore[entry];
    }

    /** Position of the last entry; -1 when there is none. */
    int lastPosition() {
        int entries = count;
        return entries == 0 ? -1 : positions[entries - 1];
    }

    /** Drops the entries at or behind a position. */
    void cut(int position) {
        int entries = count;
        while (entries > 0 && positions[entries - 1] >= position) {
            entries--;
        }
        count = entries;
    }

    /** The last entry at or before an offset; -1 when there is none. */
    int floorOffset(long relativeOffset) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (relativeOffsets[middle] <= relativeOffset) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    /** The last entry before which every timestamp is below one; -1 when there is none. */
    int floorTimestamp(long timestampMs) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (timestampsBefore[middle] < timestampMs) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
