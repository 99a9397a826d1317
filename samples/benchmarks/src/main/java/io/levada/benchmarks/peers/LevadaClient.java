package io.levada.benchmarks.peers;

import io.levada.Group;
import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.util.Map;
import java.util.Objects;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Levada over {@code rsocket://}, with default options. */
final class LevadaClient implements Client {
    private final Levada levada;
    private final Scheduler sources = Schedulers.newSingle("source", true);

    LevadaClient(String address) {
        levada = Levada.open(address);
    }

    @Override
    public void create(String topic, int partitions, Map<String, String> settings) {
        levada.blocking().createTopic(TopicSpec.of(topic).partitions(partitions).config(settings));
    }

    @Override
    public void delete(String topic) {
        levada.topics().delete(topic).block();
    }

    @Override
    public void publish(String topic, Source source) {
        Flux<Record> records = Flux.<Record>generate(sink -> next(source, sink)).subscribeOn(sources, true);
        levada.publish(topic, records).then().block();
    }

    private static void next(Source source, SynchronousSink<Record> sink) {
        try {
            Message next = source.next();
            if (next == null) {
                sink.complete();
            } else {
                sink.next(Record.of(next.key(), next.value()));
            }
        } catch (InterruptedException e) {
            throw Exceptions.propagate(e);
        }
    }

    @Override
    public Running read(String topic, int partitions, Sink sink) {
        return running(levada.read(ReadSpec.of(topic)).doOnNext(record -> give(record, sink)));
    }

    @Override
    public Running join(String topic, String group, Sink sink) {
        Group joined = levada.group(group);
        return running(joined.receive(topic).doOnNext(delivery -> {
            give(delivery.record(), sink);
            delivery.ack();
        }));
    }

    private static void give(StoredRecord record, Sink sink) {
        sink.accept(Objects.requireNonNull(record.key()), Objects.requireNonNull(record.value()));
    }

    private static Running running(Flux<?> stream) {
        Disposable subscription = stream.subscribe(ignored -> {}, Driver::die);
        return subscription::dispose;
    }

    @Override
    public void close() {
        levada.close();
        sources.dispose();
    }
}
