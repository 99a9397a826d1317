package io.levada.facade;

import java.time.Duration;

/**
 * How a reader stands at one moment.
 *
 * @param waits why it is given nothing, or {@link WaitReason#NONE}
 * @param waited for how long that has been so
 * @param records records that it may still be given; {@link Long#MAX_VALUE} is without bound
 * @param bytes bytes that it may still be given, below 0 by less than a record where one exceeded the credit
 * @param deliveredRecords records it was given since it was opened
 * @param deliveredBytes the bytes of their batches
 * @param partitions how many it reads
 * @param lag offsets, of all its partitions, that are durable and that it has not got to
 * @param latestTimestampMs the largest timestamp it was given, in ms since 1970, or -1 before the first
 */
public record ReaderStatus(
        WaitReason waits,
        Duration waited,
        long records,
        long bytes,
        long deliveredRecords,
        long deliveredBytes,
        int partitions,
        long lag,
        long latestTimestampMs) {}
