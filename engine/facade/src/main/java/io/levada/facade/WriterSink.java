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

    /** The batch is durable; its records have consecutive offsets from {@code baseOffset}. In any order of batches. */
    void onAck(long sequence, long baseOffset);

    void onComplete();

    void onError(Throwable error);
}
