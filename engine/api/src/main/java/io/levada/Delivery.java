package io.levada;

/** A record delivered to a member of a group. */
public interface Delivery {
    StoredRecord record();

    /**
     * Says that this record is done with; in any order, from any thread, once or more. The end of the acknowledged prefix
     * is committed every second, sooner after 1,000 acknowledgements, and when the partition is handed over.
     */
    void ack();
}
