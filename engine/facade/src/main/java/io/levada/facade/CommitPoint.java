package io.levada.facade;

import org.jspecify.annotations.Nullable;

/**
 * A commit of one partition.
 *
 * @param offset the next offset to be read
 * @param metadata what the member wants to find with the commit again, or null
 */
public record CommitPoint(long offset, @Nullable String metadata) {
    /** A commit without metadata. */
    public static CommitPoint at(long offset) {
        return new CommitPoint(offset, null);
    }

    @Override
    public String toString() {
        return metadata == null ? Long.toString(offset) : offset + " with " + metadata;
    }
}
