package io.levada.log;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.PassingDisk;
import java.io.IOException;

/** A disk to which no checkpoint can be written while it fails, so that closing leaves the journal to be replayed. */
final class Uncheckpointed extends PassingDisk {
    private volatile boolean fails;

    Uncheckpointed(Disk disk) {
        super(disk);
    }

    void fail(boolean now) {
        fails = now;
    }

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        if (fails && path.startsWith(Layout.CHECKPOINT)) {
            throw new IOException("an injected error");
        }
        return super.open(path, create);
    }
}
