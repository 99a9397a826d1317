package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.levada.log.Batches.Read;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a workload did to a log, kept outside of it: every append in its order, what was acknowledged, and whatever
 * anybody was shown. Checks a log, also one recovered after crashes, against all of it.
 */
final class LogLedger {
    private final Map<String, Partition> partitions = new HashMap<>();
    private int withdrawn;
    private int unknown;
    private final Set<String> topics = new HashSet<>();
    private final List<SimProducer> producers = new ArrayList<>();
    private final Set<String> uncertainTopics = new HashSet<>();

    /** One partition; values are never used twice. */
    private static final class Partition {
        /** Batches in the order they were appended. */
        private final List<List<String>> appended = new ArrayList<>();
        /** Those of them that may be missing, although later ones are there. */
        private final List<List<String>> uncertain = new ArrayList<>();
        /** Values that must be there for good, by offset: acknowledged, or seen by anybody. */
        private final Map<Long, String> fixed = new HashMap<>();
    }

    /** The same, to be held against a log that is opened while this one goes on. */
    LogLedger copy() {
        LogLedger copy = new LogLedger();
        partitions.forEach((name, partition) -> {
            Partition same = new Partition();
            same.appended.addAll(partition.appended);
            same.uncertain.addAll(partition.uncertain);
            same.fixed.putAll(partition.fixed);
            copy.partitions.put(name, same);
        });
        copy.withdrawn = withdrawn;
        copy.unknown = unknown;
        copy.topics.addAll(topics);
        producers.forEach(producer -> copy.producers.add(producer.copy()));
        copy.uncertainTopics.addAll(uncertainTopics);
        return copy;
    }

    private Partition partition(String topic, int number) {
        return partitions.computeIfAbsent(topic + "-" + number, key -> new Partition());
    }

    /** The idempotent publishers, which outlive crashes. */
    List<SimProducer> producers() {
        return producers;
    }

    /** A topic is being made or deleted: until that is over, both are right. */
    void changing(String topic) {
        uncertainTopics.add(topic);
    }

    void made(String topic) {
        uncertainTopics.remove(topic);
        topics.add(topic);
    }

    void appended(String topic, int number, List<String> values) {
        partition(topic, number).appended.add(values);
    }

    /** An append failed for certain: it will never be there. */
    void withdrawn(String topic, int number, List<String> values) {
        assertTrue(partition(topic, number).appended.remove(values));
        withdrawn++;
    }

    /** An append failed, and may be there nevertheless. */
    void unknown(String topic, int number, List<String> values) {
        partition(topic, number).uncertain.add(values);
        unknown++;
    }

    void acknowledged(String topic, int number, long baseOffset, List<String> values) {
        for (int i = 0; i < values.size(); i++) {
            seen(topic, number, new Read(baseOffset + i, values.get(i)));
        }
    }

    /** Somebody was shown a record. */
    void seen(String topic, int number, Read record) {
        String before = partition(topic, number).fixed.putIfAbsent(record.offset(), record.value());
        if (before != null) {
            assertEquals(before, record.value(), "offset " + record.offset() + " of " + topic + "-" + number);
        }
    }

    /** How many records must be there. */
    int fixedRecords() {
        return partitions.values().stream().mapToInt(p -> p.fixed.size()).sum();
    }

    /** How many appends failed for certain. */
    int withdrawnBatches() {
        return withdrawn;
    }

    /** How many appends failed, and nobody knows what became of them. */
    int unknownBatches() {
        return unknown;
    }

    /** Holds a store against everything; what it shows is fixed from now on. */
    void check(LogStore store) {
        for (String topic : topics) {
            assertTrue(store.topic(topic) != null, "topic " + topic + " is gone");
        }
        for (Topic topic : store.topics()) {
            assertTrue(topics.contains(topic.name()) || uncertainTopics.contains(topic.name()), topic.name());
            topics.add(topic.name());
            for (PartitionLog log : topic.partitions()) {
                check(topic.name(), log);
            }
        }
    }

    private void check(String topic, PartitionLog log) {
        String name = topic + "-" + log.partition();
        Partition expected = partition(topic, log.partition());
        List<Read> found = Batches.readAll(log, log.start(), 1 << 10);
        for (int i = 0; i < found.size(); i++) {
            assertEquals(log.start() + i, found.get(i).offset(), "offsets of " + name);
        }
        assertEquals(log.durable(), log.start() + found.size(), "records up to the durable offset of " + name);
        assertEquals(log.durable(), log.end(), "nothing is under way in " + name);
        expected.fixed.forEach((offset, value) -> {
            if (offset >= log.durable()) {
                fail("offset " + offset + " of " + name + " was shown and is lost; durable is " + log.durable());
            }
            assertEquals(value, found.get((int) (offset - log.start())).value(), "offset " + offset + " of " + name);
        });
        checkPrefix(
                name,
                expected,
                found.stream()
                        .filter(record -> !SimProducer.isProduced(record.value()))
                        .toList());
        producers.stream()
                .filter(producer -> producer.topic.equals(topic) && producer.partition == log.partition())
                .forEach(producer -> producer.check(found));
        found.forEach(record -> seen(topic, log.partition(), record));
        checkTimes(log, found);
    }

    /** Whole batches, in the order they were appended, from the first one on. Those behind the prefix are forgotten. */
    private static void checkPrefix(String name, Partition expected, List<Read> found) {
        List<String> values = found.stream().map(Read::value).toList();
        List<List<String>> there = new ArrayList<>();
        List<String> flat = new ArrayList<>();
        for (List<String> batch : expected.appended) {
            if (flat.size() >= values.size()) {
                break;
            }
            if (!expected.uncertain.contains(batch) || values.get(flat.size()).equals(batch.get(0))) {
                flat.addAll(batch);
                there.add(batch);
            }
        }
        assertEquals(flat, values, name + " is a prefix of what was appended");
        expected.appended.clear();
        expected.appended.addAll(there);
        expected.uncertain.clear();
    }

    private static void checkTimes(PartitionLog log, List<Read> found) {
        if (!found.isEmpty()) {
            long time = LogWorkload.timestamp(found.get(found.size() / 2).value());
            Read first = found.stream()
                    .filter(record -> LogWorkload.timestamp(record.value()) >= time)
                    .findFirst()
                    .orElseThrow();
            assertEquals(first.offset(), log.offsetAt(time), "offset of a time");
        }
    }
}
