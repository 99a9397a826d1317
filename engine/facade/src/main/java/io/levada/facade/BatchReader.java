package io.levada.facade;

/** The reading end of a stream of batches. Safe for any thread. */
public interface BatchReader {
    /**
     * Permits so many records and bytes more; both are above or equal to 0, and sums saturate at {@link Long#MAX_VALUE}.
     * Records delivered never exceed the records permitted; bytes exceed the bytes permitted by less than one record
     * with the header of its batch. A batch takes as many bytes of the credit as the buffer handed over has readable,
     * compressed or not.
     */
    void credit(long records, long bytes);

    /** Ends the stream; a call to the sink that is under way may finish, none follows. */
    void cancel();
}
