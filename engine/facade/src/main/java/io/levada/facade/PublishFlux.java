package io.levada.facade;

import io.levada.Ack;
import io.levada.LevadaOptions;
import io.levada.Record;
import java.time.InstantSource;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;

/** Acknowledgements of what a publisher's records became; each subscription publishes anew. */
final class PublishFlux extends Flux<Ack> {
    private final Engine engine;
    private final String topic;
    private final Publisher<Record> records;
    private final LevadaOptions options;
    private final InstantSource clock;

    PublishFlux(Engine engine, String topic, Publisher<Record> records, LevadaOptions options, InstantSource clock) {
        this.engine = engine;
        this.topic = topic;
        this.records = records;
        this.options = options;
        this.clock = clock;
    }

    @Override
    public void subscribe(CoreSubscriber<? super Ack> actual) {
        new PublishStream(actual, topic, options, clock).start(engine, records);
    }
}
