package io.levada.env;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every disk does, real, in memory or simulated. */
interface DiskContract {
    Disk disk();

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(DiskFile file, long position, int count) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(count);
        int got = file.read(position, into);
        assertEquals(got, into.position());
        return StandardCharsets.UTF_8.decode(into.flip()).toString();
    }

    @Test
    default void writes_gathered_buffers_and_reads_them_back_up_to_the_end() throws IOException {
        Disk disk = disk();
        try (DiskFile file = disk.open("f", true)) {
            file.write(0, bytes("hello "), bytes(""), bytes("world"));
            file.write(6, bytes("W"));
            assertEquals("hello World", text(file, 0, 100));
            assertEquals("Wor", text(file, 6, 3));
            assertEquals("", text(file, 50, 3));
            assertEquals(11, file.size());
            file.force();
        }
        assertEquals(11, disk.size("f"));
        try (DiskFile file = disk.open("f", false)) {
            assertEquals("hello World", text(file, 0, 100));
        }
    }

    @Test
    default void gathers_more_buffers_than_the_system_takes_at_once() throws IOException {
        List<ByteBuffer> buffers = new ArrayList<>();
        byte[] expected = new byte[3_000 * 70];
        new Random(1).nextBytes(expected);
        for (int i = 0; i < 3_000; i++) {
            buffers.add(ByteBuffer.wrap(expected, i * 70, 70));
        }
        try (DiskFile file = disk().open("many", true)) {
            file.write(5, buffers.toArray(ByteBuffer[]::new));
            ByteBuffer read = ByteBuffer.allocate(expected.length);
            assertEquals(expected.length, file.read(5, read));
            assertArrayEquals(expected, read.array());
        }
    }

    @Test
    default void a_file_cut_short_ends_there_and_grows_with_zeroes() throws IOException {
        try (DiskFile file = disk().open("cut", true)) {
            file.write(0, bytes("0123456789"));
            file.truncate(4);
            assertEquals(4, file.size());
            assertEquals("0123", text(file, 0, 100));
            file.write(8, bytes("x"));
            assertEquals("0123\0\0\0\0x", text(file, 0, 100));
        }
    }

    @Test
    default void names_are_made_listed_renamed_over_others_and_deleted() throws IOException {
        Disk disk = disk();
        disk.makeDirectory("a/b");
        disk.makeDirectory("a/b");
        disk.open("a/b/two", true).close();
        disk.open("a/b/one", true).close();
        disk.forceDirectory("a/b");
        disk.forceDirectory("");
        assertEquals(List.of("one", "two"), disk.list("a/b"));
        assertEquals(List.of("b"), disk.list("a"));
        assertEquals(List.of(), disk.list("nowhere"));
        disk.rename("a/b/one", "a/b/two");
        assertEquals(List.of("two"), disk.list("a/b"));
        assertTrue(disk.exists("a/b/two"));
        disk.delete("a/b/two");
        disk.delete("a/b/two");
        assertFalse(disk.exists("a/b/two"));
        assertEquals(-1, disk.size("a/b/two"));
        disk.delete("a/b");
        assertThrows(NoSuchFileException.class, () -> disk.open("a/b/two", false));
        assertThrows(NoSuchFileException.class, () -> disk.rename("none", "some"));
    }

    @Test
    default void the_lock_is_held_by_one() throws IOException {
        Disk disk = disk();
        Disk.DiskLock lock = disk.lock("lock");
        assertThrows(DiskInUseException.class, () -> disk.lock("lock"));
        lock.close();
        disk.lock("lock").close();
    }
}
