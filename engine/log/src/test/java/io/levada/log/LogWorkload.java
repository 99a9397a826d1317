package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.Env;
import io.levada.env.Loop;
import io.levada.env.SimDisk;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.Batches.Read;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A random, repeatable load on a log on a simulated disk: topics made, batches appended to several partitions by several
 * loops, readers and tails beside them, sometimes a clean restart. Everything is noted in a ledger.
 */
final class LogWorkload {
    static final LogConfig CONFIG = LogConfig.defaults()
            .withJournal(64 << 10, 3)
            .withSegmentBytes(8 << 10)
            .withIndexIntervalBytes(512)
            .withWriterLoops(2)
            .withReserveBytes(16 << 10)
            .withAllocator(Batches.UNTRACKED);

    private final SimScheduler scheduler;
    private final SimRandomness random;
    private final LogLedger ledger;
    private final SimDisk disk;
    private final Faults faults;
    private final Env env;
    private final List<Loop> clients = new ArrayList<>();
    /** Whether to close and open again soon. */
    private boolean reopenSoon;

    /** Whether publishers number their batches, without which they would append them twice. */
    private boolean numbered = true;

    /** What else may happen but crashes. */
    enum Faults {
        NONE,
        /** One operation fails, or some in a row. */
        FAIL,
        /** Space runs out and comes back. */
        FULL
    }

    LogWorkload(SimScheduler scheduler, SimRandomness random, SimDisk disk, LogLedger ledger, Faults faults) {
        this(scheduler, random, disk, ledger, faults, UnaryOperator.identity());
    }

    /** @param wrapper what stands between the log and its disk */
    LogWorkload(
            SimScheduler scheduler,
            SimRandomness random,
            SimDisk disk,
            LogLedger ledger,
            Faults faults,
            UnaryOperator<Disk> wrapper) {
        this.scheduler = scheduler;
        this.random = random;
        this.ledger = ledger;
        this.disk = disk;
        this.faults = faults;
        env = new Env(wrapper.apply(disk), scheduler.clock(), random, scheduler);
        clients.add(scheduler.newLoop("client-0"));
        clients.add(scheduler.newLoop("client-1"));
    }

    /** Has publishers send again what they cannot be recognised by. */
    LogWorkload withoutNumbers() {
        numbered = false;
        return this;
    }

    LogStore open() {
        return LogStore.open(env, CONFIG);
    }

    /** Values carry the time of their record, and are unique. */
    static long timestamp(String value) {
        return Long.parseLong(value.substring(0, value.indexOf(' ')));
    }

    /** Opens, checks, works for some rounds, and leaves the store open or not. */
    void run(int rounds) {
        LogStore store = reopen();
        for (int round = 0; round < rounds; round++) {
            if (faults == Faults.FULL && random.oneIn(10)) {
                disk.setCapacity(random.oneIn(2) ? Long.MAX_VALUE : disk.usedBytes() + random.nextInt(40_000));
            }
            try {
                round(store);
                if (reopenSoon && random.oneIn(4)) {
                    store.close();
                    store = reopen();
                }
            } catch (LevadaException e) {
                requireFault(e);
                closeInSpiteOf(store);
                store = reopen();
            }
        }
        if (random.oneIn(2)) {
            scheduler.runUntilIdle();
        }
        if (faults == Faults.NONE && random.oneIn(2)) {
            store.close();
        }
    }

    /** Opens and checks. Where a fault is planned, the first opening may meet it. */
    private LogStore reopen() {
        reopenSoon = false;
        disk.setCapacity(Long.MAX_VALUE);
        LogStore store = inSpiteOfFaults(this::open);
        ledger.check(store);
        ledger.producers().forEach(SimProducer::reopened);
        if (store.topics().isEmpty()) {
            inSpiteOfFaults(() -> create(store, "a", 2));
        }
        watch(store);
        return store;
    }

    private <T> T inSpiteOfFaults(Supplier<T> work) {
        while (true) {
            try {
                return work.get();
            } catch (LevadaException e) {
                requireFault(e); // of which there is a number
            }
        }
    }

    private void closeInSpiteOf(LogStore store) {
        try {
            store.close();
        } catch (LevadaException e) {
            requireFault(e);
        }
    }

    private void requireFault(LevadaException e) {
        ErrorCode expected = faults == Faults.FULL ? ErrorCode.STORAGE_FULL : ErrorCode.STORAGE_FAILED;
        if (faults == Faults.NONE || e.code() != expected) {
            throw e;
        }
    }

    private void round(LogStore store) {
        switch (random.nextInt(12)) {
            case 0 -> scheduler.advance(Duration.ofMillis(random.nextInt(random.oneIn(10) ? 3_000 : 5)));
            case 1 -> readSomewhere(store);
            case 2 -> {
                if (random.oneIn(3) && store.topics().size() < 3) {
                    create(store, "t" + random.nextInt(1_000_000), 1 + random.nextInt(2));
                    watch(store);
                }
            }
            case 3 -> reopenSoon |= random.oneIn(8);
            case 4 -> scheduler.runUntilIdle();
            case 5, 6, 7 -> produceSomewhere(store);
            default -> appendSomewhere(store);
        }
    }

    private Topic create(LogStore store, String name, int partitions) {
        ledger.changing(name);
        Topic topic = store.createTopic(name, partitions, Map.of());
        ledger.made(name);
        return topic;
    }

    private Topic somewhere(LogStore store) {
        List<Topic> topics = store.topics();
        return topics.get(random.nextInt(topics.size()));
    }

    private void appendSomewhere(LogStore store) {
        Topic topic = somewhere(store);
        PartitionLog log =
                topic.partitions().get(random.nextInt(topic.partitions().size()));
        List<String> values = values(" ");
        long now = timestamp(values.get(0));
        Compression compression = random.oneIn(4) ? Compression.GZIP : Compression.NONE;
        ByteBuf batch = Batches.of(Batches.UNTRACKED, compression, now, values);
        clients.get(log.partition() % clients.size()).execute(() -> {
            ledger.appended(topic.name(), log.partition(), values);
            log.append(batch, (offset, error) -> {
                if (error == null) {
                    ledger.acknowledged(topic.name(), log.partition(), offset, values);
                } else {
                    failed(topic.name(), log.partition(), values, error);
                }
            });
        });
    }

    private List<String> values(String mark) {
        int count = 1 + random.nextInt(random.oneIn(10) ? 40 : 4);
        List<String> values = new ArrayList<>();
        long now = scheduler.clock().wallMs() * 1_000 + random.nextInt(1_000);
        for (int i = 0; i < count; i++) {
            int padding = random.nextInt(random.oneIn(20) ? 4_000 : 100);
            UUID unique = random.nextUuid();
            values.add((now + i) + mark + unique + "x".repeat(padding));
        }
        return values;
    }

    private void produceSomewhere(LogStore store) {
        List<SimProducer> producers = ledger.producers();
        if (producers.size() < 4 && random.oneIn(4)) {
            Topic topic = somewhere(store);
            int partition = random.nextInt(topic.partitions().size());
            producers.add(new SimProducer(producers.size(), topic.name(), partition, numbered));
        }
        if (producers.isEmpty()) {
            return;
        }
        SimProducer producer = producers.get(random.nextInt(producers.size()));
        List<String> values = values(producer.mark());
        boolean again = random.oneIn(8);
        boolean newEpoch = random.oneIn(20);
        on(store, producer, log -> {
            if (again || producer.mustResend()) {
                producer.resend(log, ledger, this::failed);
            } else {
                if (newEpoch && producer.isSettled()) {
                    producer.nextEpoch();
                }
                producer.send(log, values, ledger, this::failed);
            }
        });
    }

    private void on(LogStore store, SimProducer producer, Consumer<PartitionLog> work) {
        Topic topic = Objects.requireNonNull(store.topic(producer.topic));
        PartitionLog log = topic.partitions().get(producer.partition);
        clients.get(log.partition() % clients.size()).execute(() -> work.accept(log));
    }

    /** Has everything that idempotent publishers ever sent appended at last, and checks that it was, once. */
    void settle(LogStore store) {
        for (SimProducer producer : ledger.producers()) {
            producer.reopened();
            on(store, producer, log -> producer.resend(log, ledger, error -> fail(error)));
        }
        scheduler.advance(Duration.ofSeconds(1));
        ledger.producers().forEach(producer -> assertTrue(producer.isSettled(), "all is acknowledged at last"));
        ledger.check(store);
    }

    private void failed(LevadaException error) {
        boolean unknown = error.code() == ErrorCode.OUTCOME_UNKNOWN && faults == Faults.FAIL;
        if (error.code() != ErrorCode.GOING_AWAY && !unknown) {
            requireFault(error);
        }
    }

    private void failed(String topic, int partition, List<String> values, LevadaException error) {
        if (error.code() == ErrorCode.OUTCOME_UNKNOWN && faults == Faults.FAIL) {
            ledger.unknown(topic, partition, values);
            return;
        }
        if (error.code() != ErrorCode.GOING_AWAY) {
            requireFault(error);
        }
        ledger.withdrawn(topic, partition, values);
    }

    private void readSomewhere(LogStore store) {
        Topic topic = somewhere(store);
        PartitionLog log =
                topic.partitions().get(random.nextInt(topic.partitions().size()));
        CompletableFuture<String> done = new CompletableFuture<>();
        clients.get(random.nextInt(clients.size())).execute(() -> {
            long durable = log.durable();
            long from = durable == 0 ? 0 : Math.floorMod(random.nextLong(), durable);
            List<Read> records = new ArrayList<>();
            ByteBuf batches = log.read(from, 1 + random.nextInt(4_000));
            Batches.decode(batches, from, records);
            records.forEach(record -> ledger.seen(topic.name(), log.partition(), record));
            done.complete("");
        });
        scheduler.await(done);
    }

    private void watch(LogStore store) {
        for (Topic topic : store.topics()) {
            for (PartitionLog log : topic.partitions()) {
                log.onDurable((base, next, batch) -> {
                    List<Read> records = new ArrayList<>();
                    Batches.decode(batch, base, records);
                    records.forEach(record -> ledger.seen(topic.name(), log.partition(), record));
                });
            }
        }
    }
}
