package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.Batches.Read;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a workload did to one partition. Values are never used twice. What is missing of what was shown must have a reason:
 * it lies below a start that deletion or retention moved, or compaction may take it, or it was never forced where that is
 * not promised and the power was cut.
 */
final class PartitionLedger {
    /** More than what a record costs beside its value, also when it is a batch by itself. */
    private static final int MOST_OVERHEAD_BYTES = 110;

    private final String name;
    /** Batches in the order they were appended, but for those of {@link SimProducer}s. */
    private final List<List<String>> appended = new ArrayList<>();
    /** Those of them that may be missing, although later ones are there. */
    private final List<List<String>> uncertain = new ArrayList<>();
    /** Records that must be there for good, by offset: acknowledged, or seen by anybody. */
    private final TreeMap<Long, String> shown = new TreeMap<>();
    /** What was shown and a power cut took; none of their offsets may be used again. */
    private final Map<Long, String> lost = new HashMap<>();
    /** The latest commit shown of each key. */
    private final Map<String, Long> commits = new HashMap<>();

    private Limits limits;
    private long shownStart;
    private long deletedBefore;
    private boolean uncertainOffsets;
    private int compactedAway;

    /** The least that was promised since the partition is there. */
    private record Limits(long retentionMs, long retentionBytes, long tombstonesMs, boolean compact, boolean unforced) {
        static Limits of(TopicSettings settings) {
            return new Limits(
                    limit(settings.delete(), settings.retentionMs()),
                    limit(settings.delete(), settings.retentionBytes()),
                    settings.deleteRetentionMs(),
                    settings.compact(),
                    settings.isDurableUnforced());
        }

        private static long limit(boolean applies, long limit) {
            return applies && limit != TopicSettings.FOREVER ? limit : Long.MAX_VALUE;
        }

        boolean letsGo() {
            return retentionMs < Long.MAX_VALUE || retentionBytes < Long.MAX_VALUE;
        }

        Limits orLess(Limits other) {
            return new Limits(
                    Math.min(retentionMs, other.retentionMs),
                    Math.min(retentionBytes, other.retentionBytes),
                    Math.min(tombstonesMs, other.tombstonesMs),
                    compact || other.compact,
                    unforced);
        }
    }

    /**
     * How a log is looked at.
     *
     * @param nowMs time that has passed at most
     * @param sentAtMs when each value was sent
     * @param powerCut whether what was not forced may be gone
     */
    record View(long nowMs, Map<String, Long> sentAtMs, boolean powerCut) {
        long ageMs(String value) {
            return nowMs - sentAtMs.getOrDefault(value, 0L);
        }
    }

    PartitionLedger(String name, TopicSettings settings) {
        this.name = name;
        this.limits = Limits.of(settings);
    }

    PartitionLedger copy(TopicSettings settings) {
        PartitionLedger copy = new PartitionLedger(name, settings);
        copy.appended.addAll(appended);
        copy.uncertain.addAll(uncertain);
        copy.shown.putAll(shown);
        copy.lost.putAll(lost);
        copy.commits.putAll(commits);
        copy.limits = limits;
        copy.shownStart = shownStart;
        copy.deletedBefore = deletedBefore;
        copy.uncertainOffsets = uncertainOffsets;
        return copy;
    }

    void settings(TopicSettings settings) {
        limits = limits.orLess(Limits.of(settings));
    }

    void appended(List<String> values) {
        appended.add(values);
    }

    void withdrawn(List<String> values) {
        assertTrue(appended.remove(values));
    }

    void unknown(List<String> values) {
        uncertain.add(values);
    }

    /** Records before an offset are being deleted. */
    void deleting(long beforeOffset) {
        deletedBefore = Math.max(deletedBefore, beforeOffset);
    }

    /** The start was shown to be at an offset, for good. */
    void started(long offset) {
        startsAt(offset);
        shownStart = offset;
    }

    private void startsAt(long offset) {
        assertTrue(offset >= shownStart, "the start of " + name + " went back to " + offset + " from " + shownStart);
    }

    void seen(Read record) {
        assertTrue(!lost.containsKey(record.offset()), "offset " + record.offset() + " of " + name + " is used twice");
        String before = shown.putIfAbsent(record.offset(), record.value());
        if (before != null) {
            assertEquals(before, record.value(), "offset " + record.offset() + " of " + name);
        }
        Keyed keyed = Keyed.of(record.value());
        if (keyed != null && keyed.value() != null && TopicKind.isCommits(name.substring(0, name.lastIndexOf('-')))) {
            commits.merge(keyed.key(), commit(keyed.value()), Math::max);
        }
    }

    private static long commit(String value) {
        return Long.parseLong(value);
    }

    int shownRecords() {
        return shown.size();
    }

    /** How many were shown, and then lost by a power cut. */
    int lostRecords() {
        return lost.size();
    }

    /** How many were shown, and then taken by compaction. */
    int compactedAway() {
        return compactedAway;
    }

    int committedKeys() {
        return commits.size();
    }

    long start() {
        return shownStart;
    }

    /** Holds a partition that was opened just now against everything, and gives its records, which are shown by that. */
    List<Read> check(PartitionLog log, View view) {
        while (true) {
            List<Segment> segments = log.segments();
            long start = log.start();
            List<Read> found;
            @Nullable Read timed;
            long timedOffset;
            try {
                found = Batches.readAll(log, start, 1 << 10);
                timed = found.isEmpty() ? null : firstOfTime(found);
                timedOffset = timed == null
                        ? -1
                        : log.offsetAt(LogWorkload.timestamp(
                                found.get(found.size() / 2).value()));
            } catch (LevadaException e) {
                if (e.code() != ErrorCode.OFFSET_OUT_OF_RANGE || log.start() == start) {
                    throw e;
                }
                continue; // retention was faster
            }
            if (log.start() == start && log.segments().equals(segments)) { // else retention or compaction came between
                check(found, start, log.durable(), view);
                assertTrue(limits.unforced || log.durable() == log.end(), "nothing is under way in " + name);
                assertTrue(timed == null || timed.offset() == timedOffset, timedOffset + " for the time of " + timed);
                return found;
            }
        }
    }

    /** The first record whose time is at or behind that of one in the middle. */
    private static Read firstOfTime(List<Read> found) {
        long time = LogWorkload.timestamp(found.get(found.size() / 2).value());
        return found.stream()
                .filter(record -> LogWorkload.timestamp(record.value()) >= time)
                .findFirst()
                .orElseThrow();
    }

    /** Holds records from a start up to a durable end against everything. */
    void check(List<Read> found, long start, long durable, View view) {
        checkOffsets(found, start, durable);
        if (limits.letsGo()) {
            startsAt(
                    start); // retention may be at work just now, and a crash may bring back what no checkpoint has said
        } else {
            started(start);
        }
        compactedAway = 0;
        TreeMap<Long, String> records = new TreeMap<>();
        found.forEach(record -> records.put(record.offset(), record.value()));
        Map<String, Long> latest = latest(records);
        for (Map.Entry<Long, String> record : shown.entrySet()) {
            long offset = record.getKey();
            String there = records.get(offset);
            if (there != null) {
                assertEquals(record.getValue(), there, "offset " + offset + " of " + name);
            } else if (isCompactedAway(offset, record.getValue(), latest, view)) { // a start moves over such holes, too
                compactedAway++;
            } else if (offset < start) {
                checkLetGo(offset, record.getValue(), records, view);
            } else {
                checkLost(offset, record.getValue(), durable, view);
            }
        }
        shown.keySet().removeAll(lost.keySet());
        checkDeletedKeys(records, latest, durable);
        List<Read> own = found.stream()
                .filter(record -> !SimProducer.isProduced(record.value()))
                .toList();
        if (limits.compact) {
            checkPlaces(own, durable);
        } else {
            checkPrefix(own.stream().map(Read::value).toList(), start);
        }
        found.forEach(this::seen);
        shown.headMap(shownStart).clear();
        checkCommits(records);
    }

    private void checkOffsets(List<Read> found, long start, long durable) {
        long next = start;
        for (Read record : found) {
            boolean follows =
                    record.offset() == next || (record.offset() > next && (limits.compact || limits.unforced));
            assertTrue(follows, "offset " + record.offset() + " of " + name + " instead of " + next);
            next = record.offset() + 1;
        }
        boolean mayEndInHole = limits.compact || (limits.unforced && found.isEmpty());
        assertTrue(next == durable || (next < durable && mayEndInHole), name + " ends at " + next + ", not " + durable);
    }

    /** The latest offset of each key, of what is there or was shown. */
    private Map<String, Long> latest(NavigableMap<Long, String> records) {
        Map<String, Long> latest = new HashMap<>();
        if (limits.compact) {
            TreeMap<Long, String> all = new TreeMap<>(shown);
            all.putAll(records);
            all.forEach((offset, value) -> {
                Keyed keyed = Keyed.of(value);
                if (keyed != null) {
                    latest.put(keyed.key(), offset);
                }
            });
        }
        return latest;
    }

    /** What lies below the start was deleted, or is beyond what retention keeps. */
    private void checkLetGo(long offset, String value, NavigableMap<Long, String> records, View view) {
        boolean tooOld = view.ageMs(value) >= limits.retentionMs;
        if (offset >= deletedBefore && !tooOld) {
            TreeMap<Long, String> later = new TreeMap<>(shown.tailMap(offset, false));
            later.putAll(records);
            lost.forEach(later::putIfAbsent);
            long bytes = later.values().stream()
                    .mapToLong(text -> text.length() + MOST_OVERHEAD_BYTES)
                    .sum();
            assertTrue(
                    bytes >= limits.retentionBytes,
                    "offset " + offset + " of " + name + " is gone, " + view.ageMs(value) + " ms old, with at most "
                            + bytes + " bytes behind it, though " + limits + " is kept");
        }
    }

    private boolean isCompactedAway(long offset, String value, Map<String, Long> latest, View view) {
        Keyed keyed = limits.compact ? Keyed.of(value) : null;
        if (keyed == null) {
            return false;
        }
        boolean superseded = latest.getOrDefault(keyed.key(), -1L) > offset;
        return superseded || (keyed.isTombstone() && view.ageMs(value) >= limits.tombstonesMs);
    }

    /** Only where a force is not promised, only by a power cut, and only at the end. */
    private void checkLost(long offset, String value, long durable, View view) {
        if (!limits.unforced || !view.powerCut() || offset < durable) {
            fail("offset " + offset + " of " + name + " was shown and is lost; durable is " + durable + ": " + value);
        }
        lost.put(offset, value);
    }

    /** Where a tombstone has gone, nothing of its key is left. */
    private void checkDeletedKeys(NavigableMap<Long, String> records, Map<String, Long> latest, long durable) {
        Set<String> deleted = new HashSet<>();
        latest.forEach((key, offset) -> {
            if (offset < durable && !records.containsKey(offset)) {
                deleted.add(key);
            }
        });
        records.forEach((offset, value) -> {
            Keyed keyed = Keyed.of(value);
            assertTrue(
                    keyed == null || !deleted.contains(keyed.key()),
                    "offset " + offset + " of " + name + " is there again, though it was deleted: " + value);
        });
    }

    /** Whole batches, in the order they were appended, from the first one that is kept. Those behind are forgotten. */
    private void checkPrefix(List<String> values, long start) {
        List<List<String>> there = new ArrayList<>();
        List<String> flat = new ArrayList<>();
        int first = start == 0 || values.isEmpty() ? 0 : indexOf(values.get(0));
        for (List<String> batch : appended.subList(first, appended.size())) {
            if (flat.size() >= values.size()) {
                break;
            }
            int cut = flat.isEmpty() && start > 0 ? Math.max(0, batch.indexOf(values.get(0))) : 0;
            if (!uncertain.contains(batch) || values.get(flat.size()).equals(batch.get(cut))) {
                flat.addAll(batch.subList(cut, batch.size()));
                there.add(batch);
            }
        }
        assertEquals(flat, values, name + " is a prefix of what was appended");
        appended.subList(first, appended.size()).clear(); // what lies before may be back
        uncertain.retainAll(appended);
        appended.addAll(there);
    }

    private int indexOf(String value) {
        for (int i = 0; i < appended.size(); i++) {
            if (appended.get(i).contains(value)) {
                return i;
            }
        }
        return fail(name + " holds what was never appended to it: " + value);
    }

    /** Each record is where it was appended, and the last batch is whole. Batches behind it are forgotten. */
    private void checkPlaces(List<Read> found, long durable) {
        uncertainOffsets |= !uncertain.isEmpty();
        List<String> flat = new ArrayList<>();
        int batches = 0;
        for (List<String> batch : appended) {
            if (!uncertainOffsets && flat.size() >= durable) {
                break;
            }
            flat.addAll(batch);
            batches++;
        }
        if (uncertainOffsets) {
            int at = -1;
            for (Read record : found) {
                int next = flat.indexOf(record.value());
                assertTrue(next > at, "offset " + record.offset() + " of " + name + ": " + record.value());
                at = next;
            }
            return;
        }
        assertEquals(durable, flat.size(), name + " ends with a whole batch");
        for (Read record : found) {
            assertEquals(flat.get((int) record.offset()), record.value(), "offset " + record.offset() + " of " + name);
        }
        appended.subList(batches, appended.size()).clear();
    }

    /** A commit never rewinds. */
    private void checkCommits(NavigableMap<Long, String> records) {
        Map<String, Long> there = new HashMap<>();
        for (String value : records.values()) {
            Keyed keyed = Keyed.of(value);
            String commit = keyed == null ? null : keyed.value();
            if (keyed != null && commit != null && commits.containsKey(keyed.key())) {
                there.put(keyed.key(), commit(commit));
            }
        }
        commits.forEach((key, committed) -> {
            Long now = there.get(key);
            assertTrue(
                    now != null && now >= committed,
                    "the commit of " + key + " in " + name + " went from " + committed + " to " + now);
        });
    }
}
