package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.env.SimClock;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.log.Batches.Read;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a workload did to a log, kept outside of it: topics made, altered and deleted, every append in its order, what was
 * acknowledged, and whatever anybody was shown. Checks a log, also one recovered after crashes, against all of it.
 */
final class LogLedger {
    private final Map<UUID, TopicLedger> topics = new HashMap<>();
    /** Names of topics that are being made: until that is over, both are right. */
    private final Set<String> coming = new HashSet<>();
    /** Topics that were deleted for good. */
    private final Set<UUID> gone = new HashSet<>();

    private final List<SimProducer> producers = new ArrayList<>();
    private final Map<String, Long> sentAtMs = new HashMap<>();
    private int withdrawn;
    private int unknown;
    private long lastTextMs;
    private boolean powerCut;
    private @Nullable AssertionError violation;

    private @Nullable SimClock clock;
    /** Time that had passed before the clock of this life began. */
    private Duration before = Duration.ZERO;

    /** One topic, which keeps its id however often another one of its name is made. */
    private static final class TopicLedger {
        private final String name;
        /** The last one in force; before it one that may be, until its change is over. */
        private List<TopicSettings> settings;
        /** It is being deleted: until that is over, both are right. */
        private boolean going;

        private final List<PartitionLedger> partitions = new ArrayList<>();

        TopicLedger(String name, TopicSettings settings) {
            this.name = name;
            this.settings = List.of(settings);
        }

        TopicSettings latest() {
            return settings.get(settings.size() - 1);
        }

        TopicLedger copy() {
            TopicLedger copy = new TopicLedger(name, latest());
            copy.settings = settings;
            copy.going = going;
            partitions.forEach(partition -> copy.partitions.add(partition.copy(latest())));
            return copy;
        }
    }

    /** The same, to be held against a log that is opened while this one goes on. */
    LogLedger copy() {
        LogLedger copy = new LogLedger();
        topics.forEach((id, topic) -> copy.topics.put(id, topic.copy()));
        copy.coming.addAll(coming);
        copy.gone.addAll(gone);
        producers.forEach(producer -> copy.producers.add(producer.copy()));
        copy.sentAtMs.putAll(sentAtMs);
        copy.withdrawn = withdrawn;
        copy.unknown = unknown;
        copy.lastTextMs = lastTextMs;
        copy.powerCut = powerCut;
        copy.violation = violation;
        copy.clock = clock;
        copy.before = before;
        return copy;
    }

    /** Another life of the log begins, with a clock of its own. */
    void goOn(SimClock next) {
        if (clock != next) {
            before = now();
            clock = next;
        }
    }

    private Duration now() {
        return clock == null ? before : before.plusNanos(clock.nanos());
    }

    /** The last life ended by a crash, which found the disk so. */
    void crashed(CrashStyle style) {
        powerCut |= style != CrashStyle.KEEP;
    }

    /** A time for so many records with keys, each at its own. */
    long nextTextMs(long nowMs, int count) {
        long first = Math.max(nowMs, lastTextMs + 1);
        lastTextMs = first + count - 1;
        return first;
    }

    /** The idempotent publishers, which outlive crashes. */
    List<SimProducer> producers() {
        return producers;
    }

    /** A topic is being made. */
    void making(String name) {
        coming.add(name);
    }

    void made(Topic topic) {
        coming.remove(topic.name());
        adopt(topic);
    }

    private TopicLedger adopt(Topic topic) {
        TopicSettings settings = topic.partitions().get(0).settings();
        TopicLedger ledger = new TopicLedger(topic.name(), settings);
        for (PartitionLog log : topic.partitions()) {
            ledger.partitions.add(new PartitionLedger(topic.name() + "-" + log.partition(), settings));
        }
        topics.put(topic.id(), ledger);
        return ledger;
    }

    /** A topic's settings are being changed. */
    void altering(UUID topic, TopicSettings next) {
        TopicLedger ledger = topic(topic);
        ledger.settings = List.of(ledger.latest(), next);
        ledger.partitions.forEach(partition -> partition.settings(next));
    }

    void altered(UUID topic) {
        TopicLedger ledger = topic(topic);
        ledger.settings = List.of(ledger.latest());
    }

    /** A topic is being deleted. */
    void deleting(UUID topic) {
        topic(topic).going = true;
    }

    void deleted(UUID topic) {
        gone.add(topic);
        producers.removeIf(producer -> producer.topicId.equals(topic));
    }

    /** Whether a topic is deleted, or about to be. */
    boolean isGoing(UUID topic) {
        return topic(topic).going;
    }

    private TopicLedger topic(UUID id) {
        return Objects.requireNonNull(topics.get(id));
    }

    PartitionLedger partition(UUID topic, int number) {
        return topic(topic).partitions.get(number);
    }

    /** Values are about to be appended for the first time. */
    void sending(List<String> values) {
        long nowMs = now().toMillis();
        values.forEach(value -> sentAtMs.put(value, nowMs));
    }

    void appended(UUID topic, int number, List<String> values) {
        sending(values);
        partition(topic, number).appended(values);
    }

    /** An append failed for certain: it will never be there. */
    void withdrawn(UUID topic, int number, List<String> values) {
        partition(topic, number).withdrawn(values);
        withdrawn++;
    }

    /** An append failed, and may be there nevertheless. */
    void unknown(UUID topic, int number, List<String> values) {
        partition(topic, number).unknown(values);
        unknown++;
    }

    void acknowledged(UUID topic, int number, long baseOffset, List<String> values) {
        for (int i = 0; i < values.size(); i++) {
            seen(topic, number, new Read(baseOffset + i, values.get(i)));
        }
    }

    /** Somebody was shown a record. */
    void seen(UUID topic, int number, Read record) {
        try {
            partition(topic, number).seen(record);
        } catch (AssertionError e) { // on a loop of the log's, where nobody hears of it
            violation = violation == null ? e : violation;
        }
    }

    private int sum(ToIntFunction<PartitionLedger> count) {
        return topics.values().stream()
                .flatMap(topic -> topic.partitions.stream())
                .mapToInt(count)
                .sum();
    }

    /** How many records must be there, or were let go of. */
    int shownRecords() {
        return sum(PartitionLedger::shownRecords);
    }

    /** How many records power cuts took that had been shown, where no force is promised. */
    int lostRecords() {
        return sum(PartitionLedger::lostRecords);
    }

    /** How many records compaction has taken that had been shown. */
    int missingKeyed() {
        return sum(PartitionLedger::compactedAway);
    }

    /** How many keys have commits. */
    int commits() {
        return sum(PartitionLedger::committedKeys);
    }

    /** How many topics were deleted. */
    int deletedTopics() {
        return gone.size();
    }

    /** How many partitions have been shown to begin behind their first record. */
    int movedStarts() {
        return sum(partition -> partition.start() > 0 ? 1 : 0);
    }

    /** How many appends failed for certain. */
    int withdrawnBatches() {
        return withdrawn;
    }

    /** How many appends failed, and nobody knows what became of them. */
    int unknownBatches() {
        return unknown;
    }

    /** Holds a store that was just opened against everything; what it shows is fixed from now on. */
    void check(LogStore store) {
        if (violation != null) {
            throw violation;
        }
        Set<UUID> there = new HashSet<>();
        for (Topic topic : store.topics()) {
            assertTrue(!gone.contains(topic.id()), "topic " + topic.name() + " is there again, though it was deleted");
            there.add(topic.id());
            TopicLedger known = topics.get(topic.id());
            if (known == null) {
                assertTrue(coming.contains(topic.name()), "topic " + topic.name() + " was never made");
                known = adopt(topic);
            }
            check(topic, known);
        }
        for (Map.Entry<UUID, TopicLedger> topic : topics.entrySet()) {
            if (!there.contains(topic.getKey()) && !gone.contains(topic.getKey())) {
                assertTrue(topic.getValue().going, "topic " + topic.getValue().name + " is gone");
                deleted(topic.getKey());
            }
        }
        coming.clear();
        powerCut = false;
    }

    private void check(Topic topic, TopicLedger known) {
        assertEquals(known.name, topic.name());
        assertEquals(known.partitions.size(), topic.partitions().size());
        TopicSettings settings = topic.partitions().get(0).settings();
        assertTrue(known.settings.contains(settings), settings + " of " + topic.name() + " were never given");
        known.settings = List.of(settings);
        known.going = false;
        PartitionLedger.View view = new PartitionLedger.View(now().toMillis() + 1, sentAtMs, powerCut);
        for (PartitionLog log : topic.partitions()) {
            List<Read> found = known.partitions.get(log.partition()).check(log, view);
            producers.stream()
                    .filter(producer -> producer.topicId.equals(topic.id()) && producer.partition == log.partition())
                    .forEach(producer -> producer.check(found));
        }
    }
}
