package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.LevadaException;
import io.levada.env.SimDisk;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.LogWorkload.Faults;
import io.levada.protocol.RecordBatch;
import io.levada.testgate.TestGate;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The control of {@link CrashStatesTest}: each mistake is noticed by exploring the states that crashes leave. */
@Tag("long")
class SeededBugsTest {
    private static final int MOST_SEEDS = 60;
    private static final int MOST_LIVES = 2_000;

    /** Each so many bits one is looked at. */
    private static final int INDEX_BITS = 61;

    @BeforeAll
    static void mute() {
        Seeds.mute(true);
    }

    @AfterAll
    static void unmute() {
        Seeds.mute(false);
    }

    static List<SeededBug> bugs() {
        return SeededBug.all();
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void each_is_noticed(SeededBug bug) throws IOException {
        bug.during(() -> assertThrows(Throwable.class, () -> look(bug)));
        TestGate.expectError("");
    }

    private static void look(SeededBug bug) {
        if (bug.faults() == Faults.NONE) {
            CrashExplorer explorer = new CrashExplorer(Faults.NONE, bug.wrapper()).of(bug.kinds());
            for (int seed = 1; seed <= MOST_SEEDS; seed++) {
                explorer.explore(seed);
            }
        } else { // what fails must be the right thing: many short lives rather than all states of some
            for (int seed = 1; seed <= MOST_LIVES; seed++) {
                Lives.live(seed, 1 + seed % 3, bug.faults(), bug.wrapper(), workload -> workload.of(bug.kinds()));
            }
        }
    }

    @Test
    void trusting_an_index_is_noticed() throws IOException {
        assertEquals(0, wrongAnswersOverDamagedIndexes(), "an index is only a cache");
        SeededBug.trustsAnIndex()
                .during(() -> assertTrue(wrongAnswersOverDamagedIndexes() > 0, "a wrong index would be noticed"));
    }

    /** How many bits of index files, some looked at, make reading go wrong when they flip. */
    private static int wrongAnswersOverDamagedIndexes() {
        SimRandomness random = new SimRandomness(7);
        SimScheduler scheduler = new SimScheduler(random);
        SimDisk disk = new SimDisk(scheduler, random);
        LogLedger ledger = new LogLedger();
        LogWorkload workload =
                new LogWorkload(scheduler, random, disk, ledger, Faults.NONE).of(List.of(TopicKind.PLAIN));
        workload.run(150);
        scheduler.crash();
        scheduler.close();
        SimScheduler next = new SimScheduler(random);
        SimDisk found = disk.afterCrash(next, random, SimDisk.CrashStyle.KEEP);
        LogWorkload reader = new LogWorkload(next, random, found, ledger, Faults.NONE);
        try (LogStore store = reader.open()) {
            ledger.check(store);
        }
        int wrong = 0;
        try {
            for (String index : indexes(found, "").subList(0, 3)) {
                for (long bit = 0; bit < found.size(index) * 8; bit += INDEX_BITS) {
                    found.flipBit(index, bit);
                    wrong += isRight(reader) ? 0 : 1;
                    found.flipBit(index, bit);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        next.close();
        return wrong;
    }

    private static List<String> indexes(SimDisk disk, String directory) {
        List<String> found = new ArrayList<>();
        for (String name : disk.list(directory)) {
            String path = directory.isEmpty() ? name : directory + "/" + name;
            if (path.endsWith(Layout.INDEX_SUFFIX)) {
                found.add(path);
            }
            found.addAll(indexes(disk, path));
        }
        return found;
    }

    /** Whether each offset, asked for by itself, is found. */
    private static boolean isRight(LogWorkload workload) {
        try (LogStore store = workload.open()) {
            for (Topic topic : store.topics()) {
                for (PartitionLog log : topic.partitions()) {
                    for (long offset = log.start(); offset < log.durable(); offset++) {
                        ByteBuf batches = log.read(offset, 1);
                        boolean there =
                                RecordBatch.baseOffset(batches) <= offset && RecordBatch.nextOffset(batches) > offset;
                        batches.release();
                        if (!there) {
                            return false;
                        }
                    }
                }
            }
            return true;
        } catch (LevadaException e) {
            return false;
        }
    }

    @Test
    void without_a_bug_nothing_is_noticed() {
        for (Faults faults : List.of(Faults.FAIL, Faults.FULL)) {
            CrashExplorer explorer = new CrashExplorer(faults, UnaryOperator.identity());
            for (int seed = 1; seed <= MOST_SEEDS / 15; seed++) {
                explorer.explore(seed);
            }
        }
    }
}
