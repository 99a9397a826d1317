package io.levada.delivery;

/**
 * How a subscription stands; read without stopping it, so the parts may be of slightly different moments.
 *
 * @param waits why it delivers nothing, or {@link WaitReason#NONE}
 * @param sinceNanos when that began, in the clock's nanoseconds
 * @param deliveredRecords records delivered since it was opened
 * @param deliveredBytes their bytes
 */
public record SubscriptionStatus(WaitReason waits, long sinceNanos, long deliveredRecords, long deliveredBytes) {}
