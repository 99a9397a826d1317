package io.levada.observation;

import io.levada.Ack;
import io.levada.Header;
import io.levada.Record;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.SenderContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * One act of publishing, observed as {@value #NAME} from its begin until its records are durable; they carry its trace. Safe
 * for any thread.
 */
public final class Publication {
    /** What it is called; a span of it is called {@code send TOPIC}. */
    public static final String NAME = "levada.publish";

    private final Observation observation;

    private int acknowledged;

    /** What each record carries, in the form of the propagator that is set up, such as {@code traceparent}. */
    private final List<Header> carried;

    private Publication(Observation observation, List<Header> carried) {
        this.observation = observation;
        this.carried = carried;
    }

    /**
     * Begins.
     *
     * @param parent what it is part of; none where null
     */
    public static Publication begin(ObservationRegistry registry, @Nullable Observation parent, String topic) {
        SenderContext<List<Header>> context = new SenderContext<>(Publication::carry, Kind.PRODUCER);
        List<Header> carried = new ArrayList<>();
        context.setCarrier(carried);
        context.setRemoteServiceName(Convention.SYSTEM);
        Observation observation =
                Convention.describe(Observation.createNotStarted(NAME, () -> context, registry), "send", topic);
        if (parent != null) {
            observation.parentObservation(parent);
        }
        observation.start();
        return new Publication(observation, List.copyOf(carried));
    }

    private static void carry(@Nullable List<Header> carried, String key, String value) {
        if (carried != null) {
            carried.add(Header.of(key, value));
        }
    }

    /** The record with what it is to carry; one that carries a trace already stays part of that one. */
    public Record carrying(Record record) {
        if (carried.isEmpty() || record.headers().stream().anyMatch(this::isCarried)) {
            return record;
        }
        List<Header> headers = new ArrayList<>(record.headers().size() + carried.size());
        headers.addAll(record.headers());
        headers.addAll(carried);
        return record.withHeaders(headers);
    }

    private boolean isCarried(Header header) {
        return carried.stream().anyMatch(own -> own.key().equalsIgnoreCase(header.key()));
    }

    /** The same acknowledgements, with which this ends: well, failed, or given up. */
    public Flux<Ack> until(Flux<Ack> acks) {
        if (observation.isNoop()) {
            return acks;
        }
        return acks.doOnNext(this::acknowledged)
                .doOnComplete(this::completed)
                .doOnError(this::failed)
                .doOnCancel(this::cancelled);
    }

    /** Of the first record it says where it is. */
    void acknowledged(Ack ack) {
        if (acknowledged++ == 0) {
            Convention.place(observation, ack.partition(), ack.offset());
        }
    }

    void completed() {
        Convention.count(observation, acknowledged);
        observation.stop();
    }

    void failed(Throwable error) {
        observation.error(error).stop();
    }

    void cancelled() {
        failed(new CancellationException("cancelled before it was acknowledged"));
    }
}
