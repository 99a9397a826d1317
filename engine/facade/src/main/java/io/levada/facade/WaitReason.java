package io.levada.facade;

/** Why a reader is given nothing just now. */
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
    READING,
    /** Its connection holds all it may, until the peer reads. */
    SOCKET_BLOCKED
}
