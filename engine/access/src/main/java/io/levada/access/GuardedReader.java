package io.levada.access;

import io.levada.facade.BatchReader;
import io.levada.facade.GroupSession;
import io.levada.facade.ReaderStatus;
import java.util.concurrent.CompletionStage;

/** A reader, with what hears of its end. */
record GuardedReader(BatchReader reader, GuardedSink sink) implements BatchReader {
    @Override
    public void credit(long records, long bytes) {
        reader.credit(records, bytes);
    }

    @Override
    public void cancel() {
        reader.cancel();
        sink.over();
    }

    @Override
    public CompletionStage<ReaderStatus> status() {
        return reader.status();
    }

    /** The same of a member's partitions. */
    record Assigned(GroupSession.AssignedReader reader, GuardedSink sink) implements GroupSession.AssignedReader {
        @Override
        public void add(int handle, long offset) {
            reader.add(handle, offset);
        }

        @Override
        public void remove(int handle) {
            reader.remove(handle);
        }

        @Override
        public void credit(long records, long bytes) {
            reader.credit(records, bytes);
        }

        @Override
        public void cancel() {
            reader.cancel();
            sink.over();
        }

        @Override
        public CompletionStage<ReaderStatus> status() {
            return reader.status();
        }
    }
}
