/**
 * Batches out with credit: subscriptions of any number of partitions, served by a few loops from what was appended last,
 * from blocks of storage read once for all who want them, or cut to what was asked for. Start at
 * {@link io.levada.delivery.Delivery}.
 */
@NullMarked
package io.levada.delivery;

import org.jspecify.annotations.NullMarked;
