package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.trials.Cycle.NotStarted;
import io.levada.trials.Machine.Need;
import io.levada.trials.Volume.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layer 2: the power is cut, on file systems of their own; what had not been forced is gone. */
@Tag("trial")
class PowerTrial {
    /** Every so many cuts the file system is made anew, and the first cut comes whatever the server had got to. */
    private static final int CUTS_PER_VOLUME = 5;

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();

    @Test
    void nothing_is_lost_when_the_power_is_cut_on_xfs() throws Exception {
        Machine.require(Need.XFS);
        cuts(Kind.XFS, Sizes.cycles() / 2);
    }

    @Test
    void nothing_is_lost_when_the_power_is_cut_on_ext4() throws Exception {
        Machine.require(Need.EXT4);
        cuts(Kind.EXT4, Sizes.cycles() - Sizes.cycles() / 2);
    }

    private void cuts(Kind kind, int count) throws Exception {
        Outcome all = Outcome.NONE;
        while (all.cycles() < count) {
            int cuts = Math.min(CUTS_PER_VOLUME, count - all.cycles());
            Outcome part = cutsOfOneVolume(kind, cuts);
            Sizes.report("power cut, " + kind.label(), part);
            all = all.plus(part);
        }
    }

    private Outcome cutsOfOneVolume(Kind kind, int count) throws Exception {
        try (Volume volume = Volume.make(kind, directory);
                Cycle cycle = new Cycle(volume.at().resolve("store"), directory.resolve("server.log"))) {
            for (int i = 0; i < count; i++) {
                if (i == 0) {
                    cycle.runFromNothing(Cycle.someMs(random));
                } else {
                    cycle.run(Cycle.someMs(random));
                }
                volume.cut();
                assertTrue(cycle.outcome().isClean(), () -> kind + ": " + cycle.outcome());
            }
            cycle.check();
            Outcome all = cycle.outcome().withCycles(count);
            assertTrue(all.isClean(), () -> kind + ": " + all);
            assertEquals(List.of(), cycle.lastingFailures(), "publishers go on after each cut");
            return all;
        }
    }

    @Test
    void control_topics_with_durability_os_lose_records() throws Exception {
        Machine.require(Need.XFS, Need.EXT4);
        int lossy = 0;
        for (int i = 0; i < Sizes.controls(); i++) {
            try (Volume volume = Volume.make(i % 2 == 0 ? Kind.XFS : Kind.EXT4, directory);
                    Cycle cycle = new Cycle(volume.at().resolve("store"), directory.resolve("server.log"))
                            .withTopicSettings(Map.of("durability", "os"))) {
                cycle.run(500);
                volume.cut();
                lossy += losesSomething(cycle, "control, has to lose: durability os");
            }
        }
        assertMostLose(lossy);
    }

    @Test
    void control_a_server_whose_forces_do_nothing_loses_records() throws Exception {
        Machine.require(Need.XFS, Need.EXT4, Need.STRACE);
        int lossy = 0;
        for (int i = 0; i < Sizes.controls(); i++) {
            try (Volume volume = Volume.make(i % 2 == 0 ? Kind.XFS : Kind.EXT4, directory);
                    Cycle cycle = new Cycle(volume.at().resolve("store"), directory.resolve("server.log"))) {
                cycle.run(300);
                volume.cut();
                cycle.check(); // what was forced before stays in any case
                String inject = "inject=fdatasync,fsync:retval=0";
                cycle.runHindered(
                        1_500, "strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", inject);
                volume.cut();
                try {
                    lossy += losesSomething(cycle, "control, has to lose: forces that do nothing");
                } catch (NotStarted e) {
                    lossy++; // all is lost
                }
            }
        }
        assertMostLose(lossy);
    }

    private static void assertMostLose(int lossy) {
        assertTrue(
                lossy >= Sizes.controls() * 8 / 10, () -> lossy + " of " + Sizes.controls() + " cuts lost something");
    }

    /** 1 if it does. */
    private static int losesSomething(Cycle cycle, String control) throws Exception {
        boolean clean = cycle.check().isClean();
        Sizes.report(control, cycle.outcome().withCycles(1));
        return clean ? 0 : 1;
    }
}
