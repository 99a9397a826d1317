package io.levada.facade;

import io.levada.Dropped;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.protocol.RecordCursor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;

/** Records of a topic's partitions, from a position to an end; each subscription reads for itself. */
final class ReadFlux extends Flux<StoredRecord> {
    private final Engine engine;
    private final ReadSpec spec;
    private final LevadaOptions options;

    ReadFlux(Engine engine, ReadSpec spec, LevadaOptions options) {
        this.engine = engine;
        this.spec = spec;
        this.options = options;
    }

    @Override
    public void subscribe(CoreSubscriber<? super StoredRecord> actual) {
        new Stream(actual).start();
    }

    private final class Stream extends BatchStream<StoredRecord> {
        Stream(CoreSubscriber<? super StoredRecord> actual) {
            super(actual, options.callbacks(), options.readWindowBytes());
        }

        @Override
        BatchReader openReader() {
            return engine.read(spec, this);
        }

        @Override
        StoredRecord element(int handle, RecordCursor record) {
            return Records.stored(spec.topic(), handle, record);
        }

        @Override
        void partitionEnded(int handle, @Nullable LevadaException error) {
            if (error != null) {
                throw error;
            }
        }

        @Override
        void gap(int handle, long from, long to) {
            throw Records.gone(spec.topic(), handle, from, to);
        }

        @Override
        void dropped(int handle, long from, long to) {
            Consumer<Dropped> listener = spec.overflow().onDropped();
            if (listener != null) {
                listener.accept(new Dropped(spec.topic(), handle, from, to));
            }
        }
    }
}
