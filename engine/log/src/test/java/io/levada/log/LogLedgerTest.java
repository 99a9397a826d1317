package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.env.Env;
import io.levada.env.SimDisk;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.Batches.Read;
import io.levada.log.PartitionLedger.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Controls of the ledger: each kind of violation is noticed, and what is right is not. */
class LogLedgerTest {
    private static final Map<String, String> COMPACTED =
            Map.of(TopicSettings.CLEANUP_POLICY, "compact", TopicSettings.DELETE_RETENTION_MS, "100");

    private final PartitionLedger plain = ledger("plain", Map.of(TopicSettings.RETENTION_MS, "-1"));
    private final PartitionLedger compacted = ledger("compacted", COMPACTED);

    private static PartitionLedger ledger(String topic, Map<String, String> settings) {
        return new PartitionLedger(topic + "-0", TopicSettings.of(settings, 4096));
    }

    private static View after(long nowMs) {
        return new View(nowMs, Map.of(), false);
    }

    private static View afterPowerCut(long nowMs) {
        return new View(nowMs, Map.of(), true);
    }

    /** Records at consecutive offsets from 0 on, one batch each, shown. */
    private static List<Read> shown(PartitionLedger ledger, String... values) {
        List<Read> records = new ArrayList<>();
        for (String value : values) {
            Read record = new Read(records.size(), value);
            ledger.appended(List.of(value));
            ledger.seen(record);
            records.add(record);
        }
        return records;
    }

    private static void assertNoticed(String what, Runnable check) {
        AssertionError error = assertThrows(AssertionError.class, check::run);
        assertTrue(String.valueOf(error.getMessage()).contains(what), error.getMessage());
    }

    @Test
    void a_start_that_goes_back_is_noticed() {
        List<Read> all = shown(plain, "1 a", "2 b", "3 c");
        plain.deleting(2);
        plain.check(all.subList(1, 3), 1, 3, after(0));
        assertNoticed("went back", () -> plain.check(all, 0, 3, after(0)));
    }

    @Test
    void records_deleted_by_nobody_are_noticed() {
        List<Read> all = shown(plain, "1 a", "2 b", "3 c");
        assertNoticed("is gone", () -> plain.check(all.subList(1, 3), 1, 3, after(1_000_000)));
    }

    @Test
    void records_within_their_retention_are_missed_and_others_are_not() {
        Map<String, String> retention =
                Map.of(TopicSettings.RETENTION_MS, "1000", TopicSettings.RETENTION_BYTES, "5000");
        PartitionLedger early = ledger("early", retention);
        List<Read> all = shown(early, "1 a", "2 b");
        assertNoticed("is gone", () -> early.check(all.subList(1, 2), 1, 2, after(999)));
        PartitionLedger late = ledger("late", retention);
        shown(late, "1 a", "2 b");
        late.check(all.subList(1, 2), 1, 2, after(1_000));
        PartitionLedger much = ledger("much", retention);
        List<Read> large = shown(much, "1 a", "2 " + "x".repeat(5_000));
        much.check(large.subList(1, 2), 1, 2, after(0));
    }

    @Test
    void the_latest_record_of_a_key_that_goes_is_noticed() {
        List<Read> all = shown(compacted, "1 Ka=x", "2 Kb=y", "3 Ka=z", "4 Kc=w");
        compacted.check(all.subList(1, 4), 0, 4, after(0));
        assertNoticed("was shown and is lost", () -> compacted.check(List.of(all.get(2), all.get(3)), 0, 4, after(0)));
    }

    @Test
    void a_tombstone_that_goes_too_early_is_noticed() {
        List<Read> all = shown(compacted, "1 Ka=x", "2 Ka~", "3 Kb=y");
        assertNoticed("was shown and is lost", () -> compacted.check(all.subList(2, 3), 0, 3, after(99)));
        compacted.check(all.subList(2, 3), 0, 3, after(100));
    }

    @Test
    void what_was_deleted_by_a_tombstone_and_comes_back_is_noticed() {
        List<Read> all = shown(compacted, "1 Ka=x", "2 Ka~", "3 Kb=y");
        assertNoticed("there again", () -> compacted.check(List.of(all.get(0), all.get(2)), 0, 3, after(1_000)));
    }

    @Test
    void a_commit_that_rewinds_is_noticed() {
        PartitionLedger commits = ledger(TopicKind.COMMITS_NAME, COMPACTED);
        List<Read> all = shown(commits, "1 Kg=1", "2 Kg=2", "3 Kh=1");
        commits.check(all, 0, 3, after(0));
        assertNoticed("2", () -> commits.check(List.of(all.get(0), all.get(2)), 0, 3, after(0)));
        PartitionLedger wrong = ledger(TopicKind.COMMITS_NAME, COMPACTED);
        List<Read> back = shown(wrong, "1 Kg=2", "2 Kg=1");
        assertNoticed("went from 2 to 1", () -> wrong.check(back, 0, 2, after(0)));
    }

    @Test
    void a_record_at_another_offset_or_of_another_value_is_noticed() {
        List<Read> all = shown(compacted, "1 Ka=x", "2 Kb=y");
        assertNoticed("offset 1", () -> compacted.check(List.of(all.get(0), new Read(1, "2 Kb=z")), 0, 2, after(0)));
        List<Read> two = shown(plain, "1 a", "2 b");
        assertNoticed("offset 1", () -> plain.check(List.of(two.get(0), new Read(1, "1 a")), 0, 2, after(0)));
        PartitionLedger unordered = ledger("unordered", Map.of());
        unordered.appended(List.of("1 a"));
        unordered.appended(List.of("2 b"));
        assertNoticed("prefix", () -> unordered.check(List.of(new Read(0, "2 b")), 0, 1, after(0)));
    }

    @Test
    void what_no_force_covered_is_lost_by_power_cuts_alone_from_the_end_and_its_offsets_are_used_up() {
        Map<String, String> unforced = Map.of(TopicSettings.DURABILITY, "os");
        Consumer<PartitionLedger> fill = ledger -> shown(ledger, "1 a", "2 b", "3 c");
        PartitionLedger killed = ledger("killed", unforced);
        fill.accept(killed);
        List<Read> one = List.of(new Read(0, "1 a"));
        assertNoticed("is lost", () -> killed.check(one, 0, 1, after(0)));
        PartitionLedger middle = ledger("middle", unforced);
        fill.accept(middle);
        List<Read> hole = List.of(new Read(0, "1 a"), new Read(2, "3 c"));
        assertNoticed("is lost", () -> middle.check(hole, 0, 3, afterPowerCut(0)));
        PartitionLedger cut = ledger("cut", unforced);
        fill.accept(cut);
        cut.check(one, 0, 1, afterPowerCut(0));
        assertTrue(cut.lostRecords() == 2, "two were lost");
        assertNoticed("used twice", () -> cut.seen(new Read(1, "4 d")));
    }

    @Test
    void a_deleted_topic_that_comes_back_is_noticed_and_so_is_one_that_goes() {
        SimRandomness random = new SimRandomness(1);
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        LogStore store = LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
        LogLedger ledger = new LogLedger();
        ledger.making("t");
        Topic topic = store.createTopic("t", 1, Map.of());
        ledger.made(topic);
        ledger.check(store);
        LogLedger deleted = ledger.copy();
        deleted.deleting(topic.id());
        deleted.deleted(topic.id());
        assertNoticed("there again", () -> deleted.check(store));
        store.createTopic("u", 1, Map.of());
        assertNoticed("never made", () -> ledger.copy().check(store));
        store.deleteTopic("u");
        store.alterTopic("t", Map.of(TopicSettings.RETENTION_BYTES, "7"));
        assertNoticed("never given", () -> ledger.copy().check(store));
        store.deleteTopic("t");
        assertNoticed("is gone", () -> ledger.check(store));
        store.close();
        scheduler.close();
    }
}
