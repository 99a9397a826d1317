package io.levada.facade;

import io.levada.Ack;
import io.levada.LevadaOptions;
import io.levada.Record;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;

/** Acknowledgements of what a publisher's records became; each subscription publishes anew. */
final class PublishFlux extends Flux<Ack> {
    private final Engine engine;
    private final String topic;
    private final @Nullable ExpectedPlace place;
    private final Publisher<Record> records;
    private final LevadaOptions options;
    private final InstantSource clock;

    /** @param place where the records are to come to stand, or null for anywhere */
    PublishFlux(
            Engine engine,
            String topic,
            @Nullable ExpectedPlace place,
            Publisher<Record> records,
            LevadaOptions options,
            InstantSource clock) {
        this.engine = engine;
        this.topic = topic;
        this.place = place;
        this.records = records;
        this.options = options;
        this.clock = clock;
    }

    @Override
    public void subscribe(CoreSubscriber<? super Ack> actual) {
        new PublishStream(actual, topic, options, clock).start(engine, place, records);
    }
}
