package io.levada;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Records as they are read, to be walked once, by one thread at a time. Waiting for the next one is interruptible, see
 * {@link BlockingLevada}. At most {@value #PREFETCH_RECORDS} records wait here. Closing ends a wait in another thread.
 */
public final class BlockingRecords implements Iterable<StoredRecord>, AutoCloseable {
    static final int PREFETCH_RECORDS = 256;

    private final Prefetch<StoredRecord> records = new Prefetch<>(PREFETCH_RECORDS);
    private boolean walked;

    BlockingRecords(Flux<StoredRecord> source) {
        source.subscribe(records);
    }

    /** The records; for one call of this or {@link #stream}. */
    @Override
    public Iterator<StoredRecord> iterator() {
        if (walked) {
            throw new IllegalStateException("these records can be walked once; read again for another walk");
        }
        walked = true;
        return new Walk();
    }

    /** The records as a sequential stream, which closes this when it is closed. */
    public Stream<StoredRecord> stream() {
        int traits = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false)
                .onClose(this::close);
    }

    @Override
    public void close() {
        records.close();
    }

    private final class Walk implements Iterator<StoredRecord> {
        private @Nullable StoredRecord next;

        @Override
        public boolean hasNext() {
            if (next == null) {
                next = await();
            }
            return next != null;
        }

        @Override
        public StoredRecord next() {
            StoredRecord record = next != null ? next : await();
            if (record == null) {
                throw new NoSuchElementException("the end was reached");
            }
            next = null;
            return record;
        }

        private @Nullable StoredRecord await() {
            try {
                return records.take().value();
            } catch (InterruptedException e) {
                throw BlockingLevada.interrupted(ErrorCode.TIMEOUT, e);
            }
        }
    }
}
