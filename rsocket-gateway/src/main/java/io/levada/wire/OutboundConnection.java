package io.levada.wire;

/** A connection whose bytes are counted, as what makes room on a full server sees it. Safe for any thread. */
public interface OutboundConnection {
    OutboundBudget budget();

    /** For how long nothing of what is held went to the socket; 0 where nothing is held. */
    long stalledNanos(long nowNanos);

    /** Closes a connection whose peer does not read, since others need the room. */
    void giveWay();
}
