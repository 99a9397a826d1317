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
    SOCKET_BLOCKED,
    /** Its connection has room, but all connections together hold nearly all they may. */
    THROTTLED,
    /** It reads no partition: a member that owns none, or is handing over what it owns. */
    PAUSED,
    /** The member that it read for is out of its group, or reads by another connection. */
    FENCED
}
