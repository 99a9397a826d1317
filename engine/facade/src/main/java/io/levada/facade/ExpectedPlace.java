package io.levada.facade;

/**
 * Where the first batch of a writer is to come to stand, and each further one directly behind the one before.
 *
 * @param offset 0 or more
 */
public record ExpectedPlace(int partition, long offset) {}
