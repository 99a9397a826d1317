package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import io.levada.env.PassingDisk;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.Checkpoint.PartitionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A segment whose forces and writes overlap, as they do on two loops: what no force has seen is never taken for forced. */
class SegmentTest {
    private final SimRandomness random = new SimRandomness(1);
    private final SimScheduler scheduler = new SimScheduler(random);
    private final SimDisk disk = new SimDisk(scheduler, random);
    private final Between between = new Between(disk);
    private Segment segment;

    @BeforeEach
    void create() throws IOException {
        PartitionId id = new PartitionId(new UUID(1, 2), 0);
        disk.makeDirectory(Layout.partitionDirectory(id.topicId(), id.partition()));
        segment = Segment.create(between, id, 4096, 0, 0);
    }

    @AfterEach
    void close() throws IOException {
        segment.close();
        scheduler.close();
    }

    private void write(int bytes) throws IOException {
        segment.write(new ByteBuffer[] {ByteBuffer.allocate(bytes)}, bytes);
    }

    @Test
    void a_force_that_ends_before_a_write_does_not_cover_it() throws IOException {
        between.beforeWrite = segment::force;
        write(100);
        assertTrue(segment.isUnforced(), "the force had not seen it");
        assertEquals(0, bytesAfterPowerCut(), "nor has the disk kept it");
    }

    @Test
    void a_write_behind_a_force_that_is_not_over_yet_is_not_covered() throws IOException {
        write(100);
        between.afterForce = () -> write(50);
        segment.force();
        assertTrue(segment.isUnforced(), "the force had not seen it");
        assertEquals(100, bytesAfterPowerCut());
    }

    @Test
    void control_a_force_covers_what_was_written_before_it() throws IOException {
        write(100);
        segment.force();
        assertFalse(segment.isUnforced());
        assertEquals(100, bytesAfterPowerCut());
    }

    /** Names are forced here, so that bytes alone can be lost. */
    private long bytesAfterPowerCut() throws IOException {
        for (String path = segment.logPath(); !path.isEmpty(); ) {
            path = path.substring(0, Math.max(0, path.lastIndexOf('/')));
            disk.forceDirectory(path);
        }
        SimScheduler next = new SimScheduler(random);
        long bytes = disk.afterCrash(next, random, CrashStyle.DROP).size(segment.logPath());
        next.close();
        return bytes;
    }

    /** Something done to a file. */
    private interface Work {
        void run() throws IOException;
    }

    /** Lets something happen once before a write, and once when a force has seen what it covers. */
    private static final class Between extends PassingDisk {
        private Work beforeWrite = () -> {};
        private Work afterForce = () -> {};

        Between(Disk disk) {
            super(disk);
        }

        @Override
        protected void written(String path) {
            Work now = beforeWrite;
            beforeWrite = () -> {};
            try {
                now.run();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        protected void force(String path, DiskFile file) throws IOException {
            super.force(path, file);
            Work now = afterForce;
            afterForce = () -> {};
            now.run();
        }
    }
}
