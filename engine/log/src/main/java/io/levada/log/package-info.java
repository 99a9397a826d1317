/**
 * Partitions on local disk: one journal that makes the batches of all partitions durable with one force, segments that
 * serve all reads, sparse indexes, checkpoints and recovery. FORMAT.md has the bytes. Start at
 * {@link io.levada.log.LogStore}.
 */
@NullMarked
package io.levada.log;

import org.jspecify.annotations.NullMarked;
