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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A random, repeatable load on a log on a simulated disk: topics of several kinds made, altered and deleted, records
 * deleted, batches appended to several partitions by several loops, readers and tails beside them, sometimes a clean
 * restart. Everything is noted in a ledger.
 */
final class LogWorkload {
    static final LogConfig CONFIG = LogConfig.defaults()
            .withJournal(64 << 10, 3)
            .withSegmentBytes(8 << 10)
            .withIndexIntervalBytes(512)
            .withWriterLoops(2)
            .withReserveBytes(16 << 10)
            .withAllocator(Batches.UNTRACKED);

    private static final int MOST_TOPICS = 3;

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

    /** What topics are made of. */
    private List<TopicKind> kinds = TopicKind.ALL;

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
        ledger.goOn(scheduler.clock());
    }

    /** Has publishers send again what they cannot be recognised by. */
    LogWorkload withoutNumbers() {
        numbered = false;
        return this;
    }

    /** Has topics of some kinds only, as often as they are given. */
    LogWorkload of(List<TopicKind> some) {
        kinds = some;
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
            inSpiteOfFaults(() -> create(store, kinds.get(0), 2));
        }
        store.topics().forEach(this::watch);
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
        switch (random.nextInt(14)) {
            case 0 -> scheduler.advance(Duration.ofMillis(random.nextInt(random.oneIn(10) ? 3_000 : 5)));
            case 1 -> readSomewhere(store);
            case 2 -> changeTopics(store);
            case 3 -> reopenSoon |= random.oneIn(8);
            case 4 -> rest(store);
            case 5 -> deleteRecordsSomewhere(store);
            case 6, 7, 8 -> produceSomewhere(store);
            default -> appendSomewhere(store);
        }
    }

    /** Nothing is under way any more: where a partition starts then, it has been said. */
    private void rest(LogStore store) {
        scheduler.runUntilIdle();
        if (faults == Faults.NONE) {
            for (Topic topic : store.topics()) {
                for (PartitionLog log : topic.partitions()) {
                    ledger.partition(topic.id(), log.partition()).started(log.start());
                }
            }
        }
    }

    private void changeTopics(LogStore store) {
        List<Topic> topics = store.topics();
        if (topics.size() < MOST_TOPICS && random.oneIn(2)) {
            watch(create(store, kinds.get(random.nextInt(kinds.size())), 1 + random.nextInt(2)));
        } else if (topics.size() > 1 && random.oneIn(4)) {
            Topic topic = somewhere(store);
            ledger.deleting(topic.id());
            store.deleteTopic(topic.name());
            ledger.deleted(topic.id());
        } else if (random.oneIn(3)) {
            alter(store, somewhere(store));
        }
    }

    private void alter(LogStore store, Topic topic) {
        Map<String, String> changes =
                TopicKind.alteration(random, topic.partitions().get(0).settings());
        Map<String, String> all = new HashMap<>(topic.config());
        all.putAll(changes);
        ledger.altering(topic.id(), CONFIG.settings(all));
        store.alterTopic(topic.name(), changes);
        ledger.altered(topic.id());
    }

    private void deleteRecordsSomewhere(LogStore store) {
        Topic topic = somewhere(store);
        PartitionLog log = partitionOf(topic);
        if (random.oneIn(2) && !TopicKind.isCommits(topic.name())) {
            long start = log.start();
            long before = start + random.nextInt((int) (log.durable() - start) / 2 + 1);
            PartitionLedger partition = ledger.partition(topic.id(), log.partition());
            partition.deleting(before);
            partition.started(store.deleteRecords(topic.name(), log.partition(), before));
        }
    }

    /** A name is free again once its topic was deleted. */
    private Topic create(LogStore store, TopicKind kind, int partitions) {
        String name =
                kind == TopicKind.COMMITS ? TopicKind.COMMITS_NAME : kind.name().toLowerCase(Locale.ROOT);
        if (store.topic(name) != null) {
            name = "another";
        }
        if (store.topic(name) != null) {
            return Objects.requireNonNull(store.topic(name));
        }
        ledger.making(name);
        Topic topic = store.createTopic(name, partitions, kind.settings(random));
        ledger.made(topic);
        return topic;
    }

    private PartitionLog partitionOf(Topic topic) {
        return topic.partitions().get(random.nextInt(topic.partitions().size()));
    }

    private Topic somewhere(LogStore store) {
        List<Topic> topics = store.topics();
        return topics.get(random.nextInt(topics.size()));
    }

    private void appendSomewhere(LogStore store) {
        Topic topic = somewhere(store);
        append(topic, partitionOf(topic));
    }

    private void append(Topic topic, PartitionLog log) {
        List<String> values = log.settings().compact() ? keyed(topic) : values(" ");
        ByteBuf batch = Batches.ofTexts(random.oneIn(4) ? Compression.GZIP : Compression.NONE, values);
        clients.get(log.partition() % clients.size()).execute(() -> {
            ledger.appended(topic.id(), log.partition(), values);
            log.append(batch, (offset, error) -> {
                if (error == null) {
                    ledger.acknowledged(topic.id(), log.partition(), offset, values);
                } else {
                    failed(topic.id(), log.partition(), values, error);
                }
            });
        });
    }

    private List<String> keyed(Topic topic) {
        boolean areCommits = TopicKind.isCommits(topic.name());
        int count = 1 + random.nextInt(random.oneIn(10) ? 40 : 6);
        long timeMs = ledger.nextTextMs(scheduler.clock().wallMs() * 1_000, count);
        List<String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String key = "k" + random.nextInt(random.oneIn(10) ? 100 : 6);
            String value = areCommits
                    ? Long.toString(timeMs + i)
                    : random.nextUuid() + "x".repeat(random.nextInt(random.oneIn(20) ? 3_000 : 200));
            boolean tombstone = !areCommits && random.oneIn(6);
            values.add(new Keyed(timeMs + i, key, tombstone ? null : value).text());
        }
        return values;
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
            TopicSettings settings = topic.partitions().get(0).settings();
            if (!settings.compact() && !settings.isDurableUnforced()) {
                int partition = random.nextInt(topic.partitions().size());
                producers.add(new SimProducer(random.nextInt(1_000_000), topic.id(), partition, numbered));
            }
        }
        if (producers.isEmpty()) {
            appendSomewhere(store);
            return;
        }
        SimProducer producer = producers.get(random.nextInt(producers.size()));
        List<String> values = values(producer.mark());
        boolean again = random.oneIn(8);
        boolean newEpoch = random.oneIn(20);
        on(store, producer, log -> {
            if (again || producer.mustResend()) {
                producer.resend(log, ledger, error -> failed(producer.topicId, error));
            } else {
                if (newEpoch && producer.isSettled()) {
                    producer.nextEpoch();
                }
                producer.send(log, values, ledger, error -> failed(producer.topicId, error));
            }
        });
    }

    private void on(LogStore store, SimProducer producer, Consumer<PartitionLog> work) {
        Topic topic = store.topics().stream()
                .filter(any -> any.id().equals(producer.topicId))
                .findFirst()
                .orElseThrow();
        PartitionLog log = topic.partitions().get(producer.partition);
        clients.get(log.partition() % clients.size()).execute(() -> work.accept(log));
    }

    /**
     * Goes on after an opening: appends to each partition, and has everything that idempotent publishers ever sent appended
     * at last; checks that it was, once.
     */
    void settle(LogStore store) {
        for (Topic topic : store.topics()) {
            topic.partitions().forEach(log -> append(topic, log));
        }
        for (SimProducer producer : ledger.producers()) {
            producer.reopened();
            on(store, producer, log -> producer.resend(log, ledger, error -> fail(error)));
        }
        scheduler.advance(Duration.ofSeconds(1));
        ledger.producers().forEach(producer -> assertTrue(producer.isSettled(), "all is acknowledged at last"));
        ledger.check(store);
    }

    private boolean isExpected(UUID topic, LevadaException error) {
        return error.code() == ErrorCode.GOING_AWAY
                || (error.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && ledger.isGoing(topic));
    }

    private void failed(UUID topic, LevadaException error) {
        boolean unknown = error.code() == ErrorCode.OUTCOME_UNKNOWN && faults == Faults.FAIL;
        if (!isExpected(topic, error) && !unknown) {
            requireFault(error);
        }
    }

    private void failed(UUID topic, int partition, List<String> values, LevadaException error) {
        if (error.code() == ErrorCode.OUTCOME_UNKNOWN && faults == Faults.FAIL) {
            ledger.unknown(topic, partition, values);
            return;
        }
        failed(topic, error);
        if (!ledger.isGoing(topic)) { // else it may be durable, and the topic there in spite of all after a crash
            ledger.withdrawn(topic, partition, values);
        }
    }

    private void readSomewhere(LogStore store) {
        Topic topic = somewhere(store);
        PartitionLog log = partitionOf(topic);
        CompletableFuture<String> done = new CompletableFuture<>();
        clients.get(random.nextInt(clients.size())).execute(() -> {
            long start = log.start();
            long durable = log.durable();
            long from = start + (durable == start ? 0 : Math.floorMod(random.nextLong(), durable - start));
            try {
                List<Read> records = new ArrayList<>();
                Batches.decode(log.read(from, 1 + random.nextInt(4_000)), from, records);
                records.forEach(record -> ledger.seen(topic.id(), log.partition(), record));
                done.complete("");
            } catch (LevadaException e) {
                boolean overtaken = e.code() == ErrorCode.OFFSET_OUT_OF_RANGE && from < log.start();
                if (overtaken) {
                    done.complete("");
                } else {
                    done.completeExceptionally(e);
                }
            }
        });
        scheduler.await(done);
    }

    private void watch(Topic topic) {
        for (PartitionLog log : topic.partitions()) {
            log.onDurable((base, next, batch) -> {
                List<Read> records = new ArrayList<>();
                Batches.decode(batch, base, records);
                records.forEach(record -> ledger.seen(topic.id(), log.partition(), record));
            });
        }
    }
}
