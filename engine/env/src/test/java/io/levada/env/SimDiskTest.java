package io.levada.env;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.env.SimDisk.CrashStyle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** That the simulated disk keeps what was forced and may lose all else: or the tests that stand on it prove nothing. */
class SimDiskTest {
    private final SimRandomness random = new SimRandomness(3);
    private final SimScheduler scheduler = new SimScheduler(random);
    private final SimDisk disk = new SimDisk(scheduler, random);

    @AfterEach
    void end() {
        scheduler.close();
    }

    private static ByteBuffer fill(int value) {
        byte[] bytes = new byte[SimInode.SECTOR_BYTES];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] bytes(Disk disk, String path) throws IOException {
        ByteBuffer read = ByteBuffer.allocate((int) Math.max(0, disk.size(path)));
        disk.open(path, false).read(0, read);
        return read.array();
    }

    private SimDisk crashed(CrashStyle style) {
        return disk.afterCrash(scheduler, random, style);
    }

    @Test
    void what_was_forced_stays_and_what_was_not_is_lost_or_kept_by_the_style() throws IOException {
        DiskFile file = disk.open("f", true);
        disk.forceDirectory("");
        file.write(0, fill(1));
        file.force();
        file.write(SimInode.SECTOR_BYTES, fill(2));
        assertEquals(SimInode.SECTOR_BYTES, crashed(CrashStyle.DROP).size("f"));
        assertEquals(2 * SimInode.SECTOR_BYTES, crashed(CrashStyle.KEEP).size("f"));
        for (int i = 0; i < 50; i++) {
            assertEquals(1, bytes(crashed(CrashStyle.MIX), "f")[100]);
        }
    }

    @Test
    void an_unforced_write_may_leave_its_sector_old_new_torn_zeroed_or_garbage() throws IOException {
        DiskFile file = disk.open("f", true);
        disk.forceDirectory("");
        file.write(0, fill(1));
        file.force();
        file.write(4_000, ByteBuffer.wrap(new byte[] {2}));
        Set<String> found = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            byte[] bytes = bytes(crashed(CrashStyle.MIX), "f");
            boolean restIsOld = bytes[0] == 1 && bytes[4_095] == 1;
            found.add(restIsOld ? "written " + bytes[4_000] : bytes[0] == 0 && bytes[1] == 0 ? "zeroed" : "garbage");
        }
        assertEquals(Set.of("written 1", "written 2", "zeroed", "garbage"), found);
    }

    @Test
    void names_are_durable_with_their_directory_only() throws IOException {
        disk.makeDirectory("d");
        DiskFile file = disk.open("d/f", true);
        file.write(0, fill(1));
        file.force();
        assertFalse(crashed(CrashStyle.DROP).exists("d"));
        disk.forceDirectory("");
        assertTrue(crashed(CrashStyle.DROP).exists("d"));
        assertFalse(crashed(CrashStyle.DROP).exists("d/f"));
        disk.forceDirectory("d");
        disk.rename("d/f", "d/g");
        assertTrue(crashed(CrashStyle.DROP).exists("d/f"));
        assertTrue(crashed(CrashStyle.KEEP).exists("d/g"));
        assertFalse(crashed(CrashStyle.KEEP).exists("d/f"));
    }

    @Test
    void after_a_failed_force_the_bytes_read_well_and_no_later_force_keeps_them() throws IOException {
        DiskFile file = disk.open("f", true);
        disk.forceDirectory("");
        file.write(0, fill(1));
        disk.failAt(disk.operations() + 1, "an injected error");
        assertThrows(IOException.class, file::force);
        assertEquals(1, bytes(disk, "f")[0]);
        file.force();
        byte[] found = bytes(crashed(CrashStyle.DROP), "f");
        assertTrue(found.length == 0 || found[0] == 0);
        file.write(0, fill(1));
        file.force();
        assertEquals(1, bytes(crashed(CrashStyle.DROP), "f")[0]);
    }

    @Test
    void crashes_at_the_operation_asked_for_and_nothing_works_afterwards() throws IOException {
        DiskFile file = disk.open("f", true);
        disk.crashAt(disk.operations() + 2);
        file.write(0, fill(1));
        assertThrows(SimCrash.class, file::force);
        assertThrows(SimCrash.class, () -> file.write(0, fill(2)));
        assertTrue(scheduler.isCrashed());
    }

    @Test
    void space_is_bounded() throws IOException {
        DiskFile file = disk.open("f", true);
        disk.setCapacity(SimInode.SECTOR_BYTES);
        file.write(0, fill(1));
        assertThrows(DiskFullException.class, () -> file.write(SimInode.SECTOR_BYTES, fill(2)));
        file.write(0, fill(3));
        assertEquals(SimInode.SECTOR_BYTES, disk.usedBytes());
    }
}
