package io.levada.web;

import io.levada.Compression;
import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A topic whose records say where they are: each value begins with its partition and offset, as {@code 3:17 }, and has 100 bytes. */
final class Numbered implements AutoCloseable {
    static final String TOPIC = "numbered";
    static final int PARTITIONS = 4;
    private static final String FILLING = ".".repeat(100);

    private final Levada levada;
    private final AtomicInteger acknowledged = new AtomicInteger();

    private Numbered(Levada levada) {
        this.levada = levada;
        levada.topics().create(TopicSpec.of(TOPIC).partitions(PARTITIONS)).block();
    }

    /** Creates the topic at a server. */
    static Numbered at(String address) {
        return at(address, Compression.NONE);
    }

    static Numbered at(String address, Compression compression) {
        return new Numbered(Levada.open(address, LevadaOptions.defaults().withCompression(compression)));
    }

    /** Publishes so many more, spread evenly over the partitions, behind those of before; complete when all are acknowledged. */
    Mono<Void> publish(int records) {
        int from = acknowledged.get();
        return levada.publish(TOPIC, Flux.range(from, records).map(Numbered::record))
                .doOnNext(ack -> acknowledged.incrementAndGet())
                .then();
    }

    private static Record record(int number) {
        int partition = number % PARTITIONS;
        String place = partition + ":" + number / PARTITIONS + " ";
        return Record.of(null, (place + FILLING.substring(place.length())).getBytes(StandardCharsets.UTF_8))
                .withPartition(partition);
    }

    Levada levada() {
        return levada;
    }

    int acknowledged() {
        return acknowledged.get();
    }

    @Override
    public void close() {
        levada.close();
    }
}
