package io.levada.trials;

import io.levada.Ack;
import io.levada.Delivery;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.GroupDescription.GroupOffset;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.trials.Ledger.Found;
import io.levada.trials.Ledger.Stream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Clients of a server: publishers that each keep a window of records in flight, a member of a group that acknowledges
 * what it gets, and somebody who asks for the group's commits; all of it noted in the ledger. Goes on until closed.
 */
final class Workload implements AutoCloseable {
    static final String TOPIC = "trial";
    static final String GROUP = "trial";
    static final int PARTITIONS = 4;
    private static final int PUBLISHERS = 6;
    private static final int WINDOW_RECORDS = 48;
    private static final long AGAIN_MS = 50;
    private static final Duration PAUSE = Duration.ofMillis(10);

    private final Levada levada;
    private final Ledger ledger;
    private final Disposable.Composite running = Disposables.composite();
    private final List<LevadaException> failures = new CopyOnWriteArrayList<>();

    private Workload(Levada levada, Ledger ledger) {
        this.levada = levada;
        this.ledger = ledger;
    }

    static Workload start(String address, Ledger ledger) {
        return start(address, ledger, Map.of());
    }

    /** @param settings of the topic, where it has to be made */
    static Workload start(String address, Ledger ledger, Map<String, String> settings) {
        Levada levada = Levada.open(address, LevadaOptions.defaults().withPublishWindowRecords(WINDOW_RECORDS));
        Workload workload = new Workload(levada, ledger);
        try {
            workload.run(settings);
            return workload;
        } catch (RuntimeException e) {
            workload.close();
            throw e;
        }
    }

    private void run(Map<String, String> settings) {
        try {
            levada.blocking()
                    .createTopic(TopicSpec.of(TOPIC).partitions(PARTITIONS).config(settings));
        } catch (LevadaException e) {
            if (e.code() != ErrorCode.TOPIC_ALREADY_EXISTS) {
                throw e;
            }
        }
        for (int i = 0; i < PUBLISHERS; i++) {
            publish(ledger.open(i % PARTITIONS));
        }
        running.add(levada.group(GROUP).receive(TOPIC).subscribe(this::consume, this::failed));
        running.add(Mono.fromCallable(() -> levada.blocking().describeGroup(GROUP))
                .subscribeOn(Schedulers.boundedElastic())
                .repeatWhen(done -> done.delayElements(Duration.ofMillis(50)))
                .subscribe(
                        group -> group.offsets().stream()
                                .filter(offset -> offset.committed() >= 0)
                                .forEach(offset -> ledger.committed(offset.partition(), offset.committed())),
                        this::failed));
    }

    /** Publishes until told to end; what failed is not sent again, another stream of records goes on. */
    private void publish(Stream stream) {
        AtomicInteger acked = new AtomicInteger();
        Flux<Record> records = Flux.<Record>generate(
                        sink -> sink.next(Record.of(null, stream.next()).withPartition(stream.partition())))
                .limitRate(WINDOW_RECORDS)
                .window(WINDOW_RECORDS)
                .concatMap(some -> some.delaySubscription(PAUSE), 1);
        running.add(levada.publish(TOPIC, records)
                .subscribe((Ack ack) -> stream.acknowledged(acked.getAndIncrement(), ack.offset()), error -> {
                    failed(error);
                    running.add(Schedulers.boundedElastic()
                            .schedule(() -> publish(ledger.open(stream.partition())), AGAIN_MS, TimeUnit.MILLISECONDS));
                }));
    }

    private void consume(Delivery delivery) {
        StoredRecord record = delivery.record();
        ledger.shown(found(record));
        delivery.ack();
    }

    private void failed(Throwable error) {
        failures.add(LevadaException.of(error));
    }

    /** How clients were told that something went wrong, in the order in which they were. */
    List<LevadaException> failures() {
        return List.copyOf(failures);
    }

    private static Found found(StoredRecord record) {
        return new Found(record.partition(), record.offset(), Objects.requireNonNull(record.value()));
    }

    /** Reads everything back and holds it against the ledger. */
    static Outcome check(String address, Ledger ledger) {
        try (Levada levada = Levada.open(address)) {
            List<Found> all = new ArrayList<>();
            if (levada.blocking().topics().contains(TOPIC)) {
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    all.addAll(read(levada, partition));
                }
            }
            Map<Integer, Long> commits = new HashMap<>();
            if (levada.blocking().groups().contains(GROUP)) {
                for (GroupOffset offset : levada.blocking().describeGroup(GROUP).offsets()) {
                    commits.put(offset.partition(), offset.committed());
                }
            }
            return ledger.check(all, commits);
        }
    }

    private static List<Found> read(Levada levada, int partition) {
        ReadSpec all = ReadSpec.of(TOPIC).partition(partition).to(End.now());
        try (var records = levada.blocking().read(all)) {
            return records.stream().map(Workload::found).toList();
        }
    }

    /** Stops without a word to the server, which may be gone. */
    @Override
    public void close() {
        running.dispose();
        Schedulers.boundedElastic().schedule(levada::close);
    }
}
