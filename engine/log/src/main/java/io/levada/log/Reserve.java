package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.DiskFullException;
import io.levada.env.Loop;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Space kept for commits and checkpoints: a file that is deleted when the disk is full, and made again as soon as there is
 * room for it, which is tried every second. In between, users' topics refuse what is published.
 */
final class Reserve {
    private static final Logger LOG = LoggerFactory.getLogger(Reserve.class);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Disk disk;
    private final int bytes;
    private final Loop loop;
    private final AtomicBoolean full = new AtomicBoolean();
    private volatile boolean closed;

    /** @param bytes none where nothing is kept */
    Reserve(Disk disk, int bytes, Loop loop) {
        this.disk = disk;
        this.bytes = bytes;
        this.loop = loop;
    }

    /** Gives free what an earlier process kept, for a recovery that finds the disk full. */
    static void release(Disk disk) throws IOException {
        disk.delete(Layout.RESERVE);
    }

    /** Makes sure that the space is kept, or begins to try. */
    void open() {
        try {
            if (bytes > 0 && disk.size(Layout.RESERVE) != bytes && !make()) {
                giveUp();
            }
        } catch (IOException e) {
            LOG.warn("no space could be reserved for commits", e);
        }
    }

    /** Whether space is short, so that only what commits and checkpoints need may be written. Safe for any thread. */
    boolean isGivenUp() {
        return full.get();
    }

    LevadaException refusal() {
        return new LevadaException(
                ErrorCode.STORAGE_FULL,
                "no space is left but for commits; make room, and publishing goes on by itself");
    }

    /** Something did not find space: gives the reserve free for commits and checkpoints. Safe for any thread. */
    void giveUp() {
        if (full.compareAndSet(false, true)) {
            LOG.warn("no space is left: publishing is refused until there is, and commits go on");
            try {
                release(disk);
            } catch (IOException e) {
                LOG.warn("the reserved space could not be given free", e);
            }
            loop.schedule(RETRY, this::tryAgain);
        }
    }

    private void tryAgain() {
        if (closed) {
            return;
        }
        boolean made = false;
        try {
            made = make();
        } catch (IOException e) {
            LOG.debug("the reserved space could not be had yet", e);
        }
        if (made) {
            full.set(false);
            LOG.warn("there is space again: publishing goes on");
        } else {
            loop.schedule(RETRY, this::tryAgain);
        }
    }

    /** Makes the file if it fits, with some room to spare, so that trying takes nothing away from commits. */
    private boolean make() throws IOException {
        if (disk.freeBytes() < bytes + bytes / 8) {
            return false;
        }
        if (bytes == 0) {
            return true;
        }
        boolean made = false;
        release(disk); // it may be a link to a file of somebody else
        try (DiskFile file = disk.open(Layout.RESERVE, true)) {
            JournalFile.fill(file, bytes);
            file.truncate(bytes);
            file.force();
            disk.forceDirectory("");
            made = true;
            return true;
        } catch (DiskFullException e) {
            return false;
        } finally {
            if (!made) {
                release(disk);
            }
        }
    }

    /** Fails unless so much can be written without touching what is left for others. */
    void require(long wantedBytes) throws DiskFullException {
        long free = disk.freeBytes();
        if (free < wantedBytes + bytes) {
            throw new DiskFullException("only " + free + " bytes are free", null);
        }
    }

    void close() {
        closed = true;
    }
}
