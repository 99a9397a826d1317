package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.DiskFile;
import io.levada.env.Env;
import io.levada.env.PassingDisk;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.Batches.Read;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What callers see of a disk that fails or is full, on a simulated disk. */
class LogFailureTest {
    private final SimRandomness random = new SimRandomness(42);
    private SimScheduler scheduler = new SimScheduler(random);
    private SimDisk disk = new SimDisk(scheduler, random);
    private final List<Object> outcomes = new ArrayList<>();

    private LogStore open() {
        return LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
    }

    private void append(PartitionLog log, String value) {
        log.append(
                Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of(value)),
                (offset, error) -> outcomes.add(error == null ? offset : error.code()));
        scheduler.runUntilIdle();
        scheduler.advance(Duration.ofMillis(50));
    }

    private static List<String> values(PartitionLog log) {
        return Batches.readAll(log, 0, 1 << 10).stream().map(Read::value).toList();
    }

    @Test
    void after_a_failed_force_of_the_journal_appending_goes_on_in_another_file() throws IOException {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.failAt(disk.operations() + 3, "an injected error"); // write segment, write journal, force journal
        append(log, "b");
        assertEquals(List.of(0L, ErrorCode.STORAGE_FAILED), outcomes);
        assertEquals(1, log.durable());
        assertEquals(1, log.end());
        append(log, "c");
        assertEquals(List.of(0L, ErrorCode.STORAGE_FAILED, 1L), outcomes);
        assertEquals(List.of("a", "c"), values(log));
        assertEquals(List.of("001.journal"), disk.list(Layout.JOURNAL), "the failed file is gone");
        crash();
        assertEquals(
                List.of("a", "c"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    @Test
    void what_failed_stays_away_although_its_files_cannot_be_deleted() {
        Failing failing = new Failing(disk);
        LogStore store = LogStore.open(new Env(failing, scheduler.clock(), random, scheduler), LogWorkload.CONFIG);
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        failing.fails = true;
        for (String value : List.of("b", "c".repeat(8_000))) { // the second in a segment of its own
            log.append(
                    Batches.of(Batches.UNTRACKED, Compression.NONE, 5, List.of(value)),
                    (offset, error) -> outcomes.add(error == null ? offset : error.code()));
        }
        scheduler.advance(Duration.ofMillis(50));
        assertEquals(List.of(0L, ErrorCode.OUTCOME_UNKNOWN, ErrorCode.STORAGE_FAILED), outcomes);
        failing.fails = false;
        scheduler.advance(Duration.ofSeconds(2));
        append(log, "d");
        assertEquals(1L, outcomes.get(3));
        assertEquals(List.of("a", "d"), values(log));
        crash(CrashStyle.KEEP);
        assertEquals(
                List.of("a", "d"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    /** Fails to force the journal, and to delete segments. */
    private static final class Failing extends PassingDisk {
        private boolean fails;

        Failing(SimDisk disk) {
            super(disk);
        }

        @Override
        protected void force(String path, DiskFile file) throws IOException {
            failIf(path.startsWith(Layout.JOURNAL));
            super.force(path, file);
        }

        @Override
        public void delete(String path) throws IOException {
            failIf(path.startsWith(Layout.TOPICS));
            super.delete(path);
        }

        private void failIf(boolean meant) throws IOException {
            if (fails && meant) {
                throw new IOException("an injected error");
            }
        }
    }

    @Test
    void what_failed_stays_away_although_the_failed_file_is_found_whole() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.failOn(path -> path.startsWith(Layout.CHECKPOINT), "an injected error"); // so no file is deleted
        disk.failAt(disk.operations() + 3, "an injected error");
        append(log, "b");
        crash(CrashStyle.KEEP);
        assertEquals(List.of("a"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    @Test
    void while_no_journal_file_can_be_written_the_outcome_is_unknown_and_appending_resumes_by_itself() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.failOn(path -> path.startsWith(Layout.JOURNAL), "an injected error");
        append(log, "b");
        append(log, "c");
        scheduler.advance(Duration.ofSeconds(5));
        append(log, "d");
        assertEquals(
                List.of(0L, ErrorCode.OUTCOME_UNKNOWN, ErrorCode.STORAGE_FAILED, ErrorCode.STORAGE_FAILED), outcomes);
        assertEquals(List.of("a"), values(log));
        disk.failOn(path -> false, "");
        scheduler.advance(Duration.ofSeconds(2));
        append(log, "e");
        assertEquals(1L, outcomes.get(4));
        assertEquals(List.of("a", "e"), values(log));
        crash(CrashStyle.KEEP);
        assertEquals(
                List.of("a", "e"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    @Test
    void a_damaged_record_of_where_a_file_failed_is_noticed() throws IOException {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.failAt(disk.operations() + 3, "an injected error");
        disk.failOn(path -> path.startsWith(Layout.CHECKPOINT), "an injected error");
        append(log, "b");
        append(log, "c");
        crash(CrashStyle.KEEP);
        disk.flipBit(Layout.journalFile(1), 80); // or "b" would be where "c" was acknowledged
        assertEquals(
                List.of("a", "c"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    @Test
    void a_segment_that_cannot_be_written_is_rebuilt_and_the_partition_goes_on_by_itself() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.failAt(disk.operations() + 1, "an injected error"); // writing the segment
        append(log, "b");
        append(log, "c");
        assertEquals(List.of(0L, ErrorCode.STORAGE_FAILED, 1L), outcomes);
        assertEquals(List.of("a", "c"), values(log));
        crash();
        assertEquals(
                List.of("a", "c"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    @Test
    void a_segment_that_cannot_be_forced_holds_up_no_other_partition_and_is_rebuilt_when_it_can_be() {
        LogStore store = open();
        Topic topic = store.createTopic("t", 2, Map.of());
        PartitionLog log = topic.partitions().get(0);
        PartitionLog other = topic.partitions().get(1);
        append(log, "a");
        String directory = Layout.partitionDirectory(topic.id(), 0);
        disk.failOn(path -> path.startsWith(directory), "an injected error");
        for (int i = 0; i < 18; i++) { // more than a journal file, so that a checkpoint is tried
            append(other, "x".repeat(5_000));
        }
        append(log, "b");
        assertEquals(ErrorCode.STORAGE_FAILED, outcomes.get(19));
        append(other, "y");
        assertEquals(18L, outcomes.get(20), "the other partition goes on");
        assertEquals(List.of("a"), values(log));
        disk.failOn(path -> false, "");
        scheduler.advance(Duration.ofSeconds(2));
        append(log, "c");
        assertEquals(1L, outcomes.get(21));
        assertEquals(List.of("a", "c"), values(log));
        for (int i = 0; i < 40; i++) {
            append(other, "x".repeat(5_000));
        }
        assertTrue(outcomes.subList(22, 62).stream().allMatch(Long.class::isInstance), "and so do checkpoints");
        crash();
        assertEquals(
                List.of("a", "c"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    /** Reading it does not say so: what a force failed on is read as it was written, and forcing it again does nothing. */
    @Test
    void what_is_found_behind_a_failed_force_is_on_the_disk_with_its_name_once_it_is_served_again() {
        LogStore store = open();
        Topic topic = store.createTopic("t", 1, Map.of(TopicSettings.DURABILITY, "os"));
        PartitionLog other = store.createTopic("u", 1, Map.of()).partitions().get(0);
        append(topic.partitions().get(0), "a");
        String directory = Layout.partitionDirectory(topic.id(), 0);
        disk.failOn(path -> path.startsWith(directory), "an injected error");
        for (int i = 0; i < 18; i++) { // more than a journal file, so that a checkpoint is tried
            append(other, "x".repeat(5_000));
        }
        assertThrows(LevadaException.class, store::close); // which cannot force it either
        disk.failOn(path -> false, "");
        assertEquals(List.of("a"), values(open().topics().get(0).partitions().get(0)));
        crash(CrashStyle.DROP);
        assertEquals(List.of("a"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }

    @Test
    void without_a_checkpoint_what_only_the_journal_has_is_there() throws IOException {
        for (CrashStyle style : List.of(CrashStyle.DROP, CrashStyle.KEEP)) {
            LogStore store = open();
            Topic known = store.topic("t");
            PartitionLog log = (known == null ? store.createTopic("t", 1, Map.of()) : known)
                    .partitions()
                    .get(0);
            int before = values(log).size();
            for (int i = 0; i < 20; i++) {
                append(log, "x".repeat(1_000) + i);
            }
            crash(style);
            disk.flipBit(Layout.CHECKPOINT, 300);
            disk.flipBit(Layout.CHECKPOINT + ".copy", 300);
            LogStore again = open();
            PartitionLog found = again.topics().get(0).partitions().get(0);
            assertEquals(before + 20, found.durable());
            assertEquals(before + 20, values(found).size());
            again.close();
        }
        scheduler.close();
    }

    private void crash(CrashStyle style) {
        scheduler.crash();
        scheduler.close();
        scheduler = new SimScheduler(random);
        disk = disk.afterCrash(scheduler, random, style);
    }

    private void crash() {
        crash(CrashStyle.DROP);
    }

    @Test
    void without_space_publishing_is_refused_commits_go_on_and_publishing_heals_by_itself() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        PartitionLog commits =
                store.createTopic("__commits", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.setCapacity(disk.usedBytes() + 10);
        append(log, "b");
        for (int i = 0; i < 10; i++) {
            append(commits, "commit " + i);
        }
        append(log, "c");
        assertEquals(
                ErrorCode.STORAGE_FULL,
                assertThrows(LevadaException.class, () -> store.createTopic("u", 1, Map.of()))
                        .code());
        scheduler.advance(Duration.ofSeconds(3));
        append(log, "d");
        assertEquals(List.of("a"), values(log));
        assertEquals(10, values(commits).size());
        disk.setCapacity(disk.usedBytes() + LogWorkload.CONFIG.reserveBytes() * 2L);
        scheduler.advance(Duration.ofSeconds(2));
        append(log, "e");
        assertEquals(List.of(0L, ErrorCode.STORAGE_FULL), outcomes.subList(0, 2));
        assertEquals(List.of(ErrorCode.STORAGE_FULL, ErrorCode.STORAGE_FULL, 1L), outcomes.subList(12, 15));
        assertEquals(List.of("a", "e"), values(log));
        disk.setCapacity(Long.MAX_VALUE);
        store.createTopic("u", 1, Map.of());
        store.close();
        scheduler.close();
    }

    @Test
    void without_space_a_checkpoint_is_written_nevertheless_so_that_commits_never_end() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        PartitionLog commits =
                store.createTopic("__commits", 1, Map.of()).partitions().get(0);
        append(log, "a");
        disk.setCapacity(disk.usedBytes() + 10);
        append(log, "b");
        for (int i = 0; i < 50; i++) { // each takes a block of the journal, which has room for 15
            append(commits, "commit " + i);
        }
        assertEquals(50, values(commits).size());
        store.close();
        scheduler.close();
    }

    @Test
    void a_store_opens_on_a_full_disk_after_a_crash_and_takes_commits() {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        store.createTopic("__commits", 1, Map.of());
        append(log, "a");
        append(log, "b");
        crash();
        disk.setCapacity(disk.usedBytes());
        LogStore again = open();
        PartitionLog reopened =
                Objects.requireNonNull(again.topic("t")).partitions().get(0);
        assertEquals(List.of("a", "b"), values(reopened));
        append(Objects.requireNonNull(again.topic("__commits")).partitions().get(0), "commit");
        append(reopened, "c");
        assertEquals(List.of(0L, 1L, 0L, ErrorCode.STORAGE_FULL), outcomes);
        disk.setCapacity(Long.MAX_VALUE);
        scheduler.advance(Duration.ofSeconds(2));
        append(reopened, "d");
        assertEquals(2L, outcomes.get(4));
        scheduler.close();
    }

    /** Wherever the first opening fails, the names that it made and did not come to force are forced by the next. */
    @Test
    void what_is_acknowledged_after_an_opening_that_failed_is_there_after_a_crash() {
        int failed = 0;
        for (int at = 1; at <= 40; at++) {
            for (int times = 1; times <= 4; times++) {
                failed += openingFailsThenCrashes(at, times) ? 1 : 0;
            }
        }
        assertTrue(failed > 100, failed + " openings failed");
    }

    private boolean openingFailsThenCrashes(int at, int times) {
        scheduler = new SimScheduler(random);
        disk = new SimDisk(scheduler, random);
        disk.failAt(at, times, "an injected error");
        boolean failed = false;
        LogStore store = null;
        while (store == null) {
            try {
                store = open();
            } catch (LevadaException e) {
                failed = true;
            }
        }
        disk.failAt(0, 0, "");
        outcomes.clear();
        append(store.createTopic("t", 1, Map.of()).partitions().get(0), "a");
        assertEquals(List.of(0L), outcomes);
        crash(CrashStyle.DROP);
        assertEquals(
                List.of("a"),
                values(open().topics().get(0).partitions().get(0)),
                "operations " + at + " to " + (at + times - 1) + " failed");
        scheduler.close();
        return failed;
    }

    @Test
    void a_clean_close_leaves_nothing_to_replay() throws IOException {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        for (int i = 0; i < 20; i++) {
            append(log, "value " + i);
        }
        store.close();
        Checkpoint checkpoint = Checkpoint.decode(Objects.requireNonNull(
                new CheckedPair(disk, Layout.CHECKPOINT, CheckedFile.CHECKPOINT_MAGIC, null).read(false)));
        assertTrue(JournalScan.of(disk, store.logId(), checkpoint).isEmpty());
        long before = disk.operations();
        LogStore again = open();
        assertEquals(20, again.topics().get(0).partitions().get(0).durable());
        assertTrue(disk.operations() - before <= 3, "opening takes the lock, forces two directories, writes nothing");
        again.close();
        scheduler.close();
    }

    @Test
    void what_a_damaged_block_of_the_journal_held_is_taken_from_the_segments_or_told() throws IOException {
        for (CrashStyle style : List.of(CrashStyle.DROP, CrashStyle.KEEP)) {
            scheduler = new SimScheduler(random);
            disk = new SimDisk(scheduler, random);
            LogStore store = open();
            PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
            append(log, "a");
            append(log, "b");
            append(log, "c");
            crash(style);
            disk.flipBit(Layout.journalFile(0), (Layout.SECTOR_BYTES + 80) * 8L); // the second of three blocks
            LogStore again = open();
            PartitionLog found = again.topics().get(0).partitions().get(0);
            assertEquals(3, found.durable());
            assertEquals("c", Batches.readAll(found, 2, 100).get(0).value());
            if (style == CrashStyle.KEEP) {
                assertEquals(List.of("a", "b", "c"), values(found));
                assertEquals(List.of(), again.health());
            } else {
                LevadaException damage = assertThrows(LevadaException.class, () -> found.read(1, 100));
                assertTrue(damage.line().contains("offsets 1 to 1 "), damage.line());
                assertEquals(1, again.health().get(0).from());
                assertEquals(2, again.health().get(0).to());
            }
            append(found, "d");
            assertEquals(4, found.durable());
            again.close();
            scheduler.close();
        }
    }

    @Test
    void a_damaged_block_at_the_end_of_the_journal_is_a_torn_tail() throws IOException {
        LogStore store = open();
        PartitionLog log = store.createTopic("t", 1, Map.of()).partitions().get(0);
        append(log, "a");
        append(log, "b");
        crash();
        disk.flipBit(Layout.journalFile(0), (Layout.SECTOR_BYTES + 80) * 8L);
        assertEquals(List.of("a"), values(open().topics().get(0).partitions().get(0)));
        scheduler.close();
    }
}
