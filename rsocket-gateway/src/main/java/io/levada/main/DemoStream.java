package io.levada.main;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/**
 * What the page {@code /demo} reads: the flights, over and over, published at a steady pace by a client of the server as
 * any other. What the log keeps of them is bounded, so this may run for as long as anybody likes to look.
 */
final class DemoStream implements AutoCloseable {
    static final String TOPIC = "demo";
    static final int PARTITIONS = 4;
    static final int DEFAULT_RATE = 50_000;

    /** As the page creates it where nobody publishes: half a gigabyte or a little more, acknowledged once the system has it. */
    private static final Map<String, String> CONFIG =
            Map.of("durability", "os", "retention.bytes", "117440512", "segment.bytes", "16777216");

    private static final int TICKS_PER_SECOND = 50;

    private final Levada levada;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Disposable publishing;

    /** @param perSecond records a second, 1 or more */
    private DemoStream(Levada levada, List<Flight> flights, int perSecond) {
        this.levada = levada;
        publishing =
                levada.publish(TOPIC, paced(flights, perSecond)).subscribe(ack -> {}, ended::completeExceptionally);
    }

    /** Creates the topic where there is none, and begins. */
    static DemoStream start(String address, List<Flight> flights, int perSecond) {
        Levada levada = Levada.open(address);
        try {
            if (!levada.blocking().topics().contains(TOPIC)) {
                levada.blocking()
                        .createTopic(TopicSpec.of(TOPIC).partitions(PARTITIONS).config(CONFIG));
            }
            return new DemoStream(levada, flights, perSecond);
        } catch (RuntimeException e) {
            levada.close();
            throw e;
        }
    }

    /** A tick that finds the publisher busy is left out: a machine that cannot keep this pace gets a slower one. */
    private static Flux<Record> paced(List<Flight> flights, long perSecond) {
        return Flux.interval(Duration.ofMillis(1_000 / TICKS_PER_SECOND))
                .onBackpressureDrop()
                .concatMapIterable(
                        tick -> () -> LongStream.range(
                                        tick * perSecond / TICKS_PER_SECOND, (tick + 1) * perSecond / TICKS_PER_SECOND)
                                .mapToObj(number -> record(flights, number))
                                .iterator(),
                        1);
    }

    private static Record record(List<Flight> flights, long number) {
        return flights.get((int) (number % flights.size())).toLive(number);
    }

    /** Fails when it cannot go on; else it ends never. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public void close() {
        publishing.dispose();
        levada.close();
    }
}
