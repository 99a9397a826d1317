package io.levada.observation;

import io.levada.Ack;
import io.levada.Group;
import io.levada.Groups;
import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.Topics;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * A log whose records carry the trace that they are published in, and in which what is done with them goes on. Each record
 * is observed from when it is taken until it is durable, as part of the observation in the subscriber's Reactor context, or
 * else of the thread's. Works over every address; a registry that does nothing costs nothing. Safe for any thread.
 */
public final class ObservedLevada implements Levada {
    /** What {@link #process} is called; a span of it is called {@code process TOPIC}. */
    public static final String PROCESS = "levada.process";

    private final Levada levada;
    private final ObservationRegistry registry;

    private ObservedLevada(Levada levada, ObservationRegistry registry) {
        this.levada = levada;
        this.registry = registry;
    }

    /** Closing it closes the log. */
    public static ObservedLevada of(Levada levada, ObservationRegistry registry) {
        return new ObservedLevada(levada, registry);
    }

    @Override
    public Flux<Ack> publish(String topic, Publisher<Record> records) {
        return observed(topic, records, levada::publish);
    }

    @Override
    public Flux<Ack> publishAt(String topic, int partition, long expectedOffset, Publisher<Record> records) {
        return observed(topic, records, (name, all) -> levada.publishAt(name, partition, expectedOffset, all));
    }

    private Flux<Ack> observed(
            String topic, Publisher<Record> records, BiFunction<String, Publisher<Record>, Flux<Ack>> publish) {
        if (registry.isNoop()) {
            return publish.apply(topic, records);
        }
        return Flux.deferContextual(context -> {
            Observation parent = current(context);
            // Acknowledgements come in the order of records; as many are under way as the log asks for.
            Queue<Publication> underWay = new ConcurrentLinkedQueue<>();
            Flux<Record> carrying = Flux.from(records).map(record -> {
                Publication publication = Publication.begin(registry, parent, topic);
                underWay.add(publication);
                return publication.carrying(record);
            });
            return publish.apply(topic, carrying)
                    .doOnNext(ack -> {
                        Publication publication = underWay.remove();
                        publication.acknowledged(ack);
                        publication.completed();
                    })
                    .doOnError(error -> underWay.forEach(publication -> publication.failed(error)))
                    .doOnCancel(() -> underWay.forEach(Publication::cancelled));
        });
    }

    private @Nullable Observation current(ContextView context) {
        Observation found = context.getOrDefault(ObservationThreadLocalAccessor.KEY, null);
        return found == null ? registry.getCurrentObservation() : found;
    }

    /**
     * What is done with a record that was read, as part of the trace that the record carries, or of a new one; it is the
     * observation in the Reactor context of {@code work}. Acknowledge a delivery behind it:
     *
     * <pre>{@code
     * levada.group("billing").receive("orders")
     *     .concatMap(delivery -> levada.process(delivery.record(), bill(delivery.record())).doOnSuccess(done -> delivery.ack()))
     * }</pre>
     */
    public <T> Mono<T> process(StoredRecord record, Mono<T> work) {
        if (registry.isNoop()) {
            return work;
        }
        return Mono.defer(() -> {
            ReceiverContext<StoredRecord> context = new ReceiverContext<>(Convention::carried, Kind.CONSUMER);
            context.setCarrier(record);
            context.setRemoteServiceName(Convention.SYSTEM);
            Observation observation = Convention.describe(
                    Observation.createNotStarted(PROCESS, () -> context, registry), "process", record.topic());
            Convention.place(observation, record.partition(), record.offset());
            observation.start();
            return work.doOnSuccess(done -> observation.stop())
                    .doOnError(error -> observation.error(error).stop())
                    .doOnCancel(() -> observation
                            .error(new CancellationException("cancelled before it was done"))
                            .stop())
                    .contextWrite(around -> around.put(ObservationThreadLocalAccessor.KEY, observation));
        });
    }

    @Override
    public String address() {
        return levada.address();
    }

    @Override
    public Topics topics() {
        return levada.topics();
    }

    @Override
    public Groups groups() {
        return levada.groups();
    }

    @Override
    public Flux<StoredRecord> read(ReadSpec spec) {
        return levada.read(spec);
    }

    @Override
    public Group group(String name) {
        return levada.group(name);
    }

    @Override
    public Mono<Void> closeGracefully(Duration limit) {
        return levada.closeGracefully(limit);
    }

    @Override
    public void close() {
        levada.close();
    }
}
