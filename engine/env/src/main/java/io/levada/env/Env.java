package io.levada.env;

import java.io.IOException;
import java.nio.file.Path;

/** Everything an engine takes from the world. */
public record Env(Disk disk, Clock clock, Randomness randomness, Scheduler scheduler) {
    /** The machine itself: files under a root directory, which is made if missing, real time and real threads. */
    public static Env real(Path root) throws IOException {
        return new Env(RealDisk.at(root), new RealClock(), new RealRandomness(), new RealScheduler("levada"));
    }

    /** Real time and threads over a disk in memory, which goes with the process. */
    public static Env memory() {
        return new Env(new MemoryDisk(), new RealClock(), new RealRandomness(), new RealScheduler("levada"));
    }
}
