package io.levada.facade;

/** What a {@link WriterSink} was told, waiting for its turn. */
sealed interface WriterEvent {
    record Open(int partitions, int maxRecordBytes) implements WriterEvent {}

    record Credit(int batches, long bytes) implements WriterEvent {}

    record PartAcked(long sequence, int records, long baseOffset) implements WriterEvent {}

    record Acked(long sequence, long baseOffset) implements WriterEvent {}

    record Complete() implements WriterEvent {}

    record Failed(Throwable error) implements WriterEvent {}
}
