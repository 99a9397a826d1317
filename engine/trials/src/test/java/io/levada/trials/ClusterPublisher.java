package io.levada.trials;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/**
 * Publishes bursts, one after the other, through one of the gateways. When its stream fails it goes on through the other one,
 * behind what it had published, and sends nothing again.
 */
final class ClusterPublisher implements AutoCloseable {
    /** Often, so that something is in flight whenever a gateway is killed; few, so that groups keep up with all of them. */
    private static final int BURST_RECORDS = 4;

    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final int WINDOW_RECORDS = 48;
    private static final Duration RECONNECT = Duration.ofSeconds(2);
    private static final long AGAIN_MS = 50;

    private final Gateways gateways;
    private final String topic;
    private final ClusterLedger.Publisher ledger;
    private final Map<ErrorCode, Integer> failures = new EnumMap<>(ErrorCode.class);
    private final Disposable.Swap running = Disposables.swap();
    private int gateway;
    private int life;
    private Levada levada;
    private boolean ending;
    private volatile boolean ended;

    /** Begins; its topic is there. */
    ClusterPublisher(Gateways gateways, int gateway, String topic, ClusterLedger.Publisher ledger) {
        this.gateways = gateways;
        this.gateway = gateway;
        this.topic = topic;
        this.ledger = ledger;
        levada = open();
        start();
    }

    private Levada open() {
        return Levada.open(
                gateways.address(gateway),
                LevadaOptions.defaults()
                        .withPublishWindowRecords(WINDOW_RECORDS)
                        .withReconnectTimeout(RECONNECT));
    }

    private synchronized void start() {
        int mine = life;
        AtomicInteger number = new AtomicInteger(ledger.intended());
        Flux<Record> records = Flux.interval(PAUSE)
                .onBackpressureDrop()
                .takeUntil(tick -> isEnding())
                .concatMap(tick -> Flux.range(0, BURST_RECORDS), 1)
                .handle((i, sink) -> next(mine).ifPresentOrElse(sink::next, sink::complete));
        running.update(levada.publish(topic, records)
                .subscribe(
                        (Ack ack) -> ledger.acknowledged(number.getAndIncrement(), ack.partition(), ack.offset()),
                        this::failed,
                        () -> ended = true));
    }

    /** Nothing for a stream that has failed meanwhile, as its numbers are those of the next. */
    private synchronized Optional<Record> next(int stream) {
        if (stream != life) {
            return Optional.empty();
        }
        int number = ledger.next();
        return Optional.of(Record.of(ledger.key(number).getBytes(StandardCharsets.UTF_8), ledger.value(number)));
    }

    private synchronized void failed(Throwable error) {
        life++;
        ErrorCode code = LevadaException.of(error).code();
        failures.merge(code, 1, Integer::sum);
        ledger.failed(code == ErrorCode.OUTCOME_UNKNOWN);
        if (ending) {
            ended = true;
        } else {
            again();
        }
    }

    private void again() {
        running.update(Schedulers.boundedElastic().schedule(this::elsewhere, AGAIN_MS, TimeUnit.MILLISECONDS));
    }

    /** Goes on through the other gateway, if it is there. */
    private synchronized void elsewhere() {
        Schedulers.boundedElastic().schedule(levada::close);
        gateway = gateways.other(gateway);
        try {
            levada = open();
            start();
        } catch (LevadaException e) {
            failures.merge(e.code(), 1, Integer::sum);
            again();
        }
    }

    private synchronized boolean isEnding() {
        return ending;
    }

    /** Publishes nothing more but what was begun. */
    synchronized void end() {
        ending = true;
    }

    /** Whether nothing is in flight any more, after {@link #end}. */
    boolean hasEnded() {
        return ended;
    }

    int acked() {
        return ledger.acknowledged();
    }

    /** How its streams ended, with how often. */
    synchronized Map<ErrorCode, Integer> failures() {
        return new EnumMap<>(failures);
    }

    @Override
    public synchronized void close() {
        running.dispose();
        Schedulers.boundedElastic().schedule(levada::close);
    }
}
