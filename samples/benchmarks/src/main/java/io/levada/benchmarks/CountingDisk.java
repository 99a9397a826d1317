package io.levada.benchmarks;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.PassingDisk;
import java.io.IOException;
import java.util.concurrent.atomic.LongAdder;

/** Counts how often the journal is forced, on its way to a disk. */
final class CountingDisk extends PassingDisk {
    private static final String JOURNAL = "journal/";

    private final LongAdder journalForces = new LongAdder();

    CountingDisk(Disk disk) {
        super(disk);
    }

    long journalForces() {
        return journalForces.sum();
    }

    @Override
    protected void force(String path, DiskFile file) throws IOException {
        if (path.startsWith(JOURNAL)) {
            journalForces.increment();
        }
        super.force(path, file);
    }
}
