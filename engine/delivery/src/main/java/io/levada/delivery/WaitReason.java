package io.levada.delivery;

/** Why a subscription delivers nothing just now. */
public enum WaitReason {
    /** It does not wait: something is being delivered. */
    NONE,
    /** All it may read was delivered; it waits for records to become durable. */
    NO_DATA,
    /** It has no credit in records. */
    NO_DEMAND,
    /** It has credit in records, but none in bytes. */
    NO_BYTES,
    /** It waits for storage. */
    READING
}
