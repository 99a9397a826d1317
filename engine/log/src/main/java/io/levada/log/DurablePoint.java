package io.levada.log;

import org.jspecify.annotations.Nullable;

/**
 * How far a partition is durable.
 *
 * @param offset everything below it is
 * @param segment the segment that holds the last durable batch; null when there is none
 * @param position where that batch ends
 */
record DurablePoint(long offset, @Nullable Segment segment, int position) {}
