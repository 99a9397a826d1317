package io.levada.facade;

/** What a writer hears. */
public interface WriterSink {
    /**
     * The first call.
     *
     * @param partitions how many the topic has now
     * @param maxRecordBytes largest encoded record that is taken
     */
    void onOpen(int partitions, int maxRecordBytes);

    /** Permits so many batches and bytes more; a batch may go out while both are above zero. */
    void onCredit(int batches, long bytes);

    /**
     * The next so many records of the batch are durable, at consecutive offsets from {@code baseOffset}. The rest of it,
     * which is one record at least, is told of in the same way later, and {@link #onAck}, which comes last, tells where its
     * last run begins. Only engines on a cluster, where records of others may come to stand in between, tell a batch in
     * parts; those of a writer with an {@link ExpectedPlace} never are.
     *
     * @param records 1 or more
     */
    void onPartAck(long sequence, int records, long baseOffset);

    /**
     * All of the batch is durable; those of its records that were not told of in parts have consecutive offsets from {@code
     * baseOffset}. In any order of batches.
     */
    void onAck(long sequence, long baseOffset);

    void onComplete();

    void onError(Throwable error);
}
