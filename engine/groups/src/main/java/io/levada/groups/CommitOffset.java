package io.levada.groups;

/**
 * A commit of one partition.
 *
 * @param handle the assignment's handle
 * @param generation the generation in which it was assigned
 * @param offset the next offset to be read
 */
public record CommitOffset(int handle, long generation, long offset) {}
