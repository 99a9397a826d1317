package io.levada.groups;

import org.jspecify.annotations.Nullable;

/**
 * A commit of one partition.
 *
 * @param handle the assignment's handle
 * @param generation the generation in which it was assigned
 * @param offset the next offset to be read
 * @param metadata to be found with the commit again, at most {@value #MAX_METADATA_BYTES} bytes of UTF-8, or null
 */
public record CommitOffset(
        int handle, long generation, long offset, @Nullable String metadata) {
    /** As many as with Kafka, unless set otherwise there (offset.metadata.max.bytes). */
    static final int MAX_METADATA_BYTES = 4_096;

    /** A commit without metadata. */
    public CommitOffset(int handle, long generation, long offset) {
        this(handle, generation, offset, null);
    }
}
