package io.levada.env;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTest {
    @Nested
    class OnTheMachine implements DiskContract {
        @TempDir
        Path root;

        @Override
        public Disk disk() {
            try {
                return RealDisk.at(root.resolve("made/on/the/way"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Test
        void an_interrupted_reader_reads_on_and_harms_nobody() throws IOException {
            try (DiskFile file = disk().open("f", true)) {
                file.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
                Thread.currentThread().interrupt();
                assertEquals(3, file.read(0, ByteBuffer.allocate(3)));
                assertTrue(Thread.interrupted());
                assertEquals(3, file.read(0, ByteBuffer.allocate(3)));
                file.write(3, ByteBuffer.wrap(new byte[] {4}));
                file.force();
                assertEquals(4, file.size());
            }
        }

        @Test
        void a_closed_file_is_closed() throws IOException {
            DiskFile file = disk().open("f", true);
            file.close();
            assertThrows(ClosedChannelException.class, () -> file.read(0, ByteBuffer.allocate(1)));
            assertThrows(ClosedChannelException.class, () -> file.write(0, ByteBuffer.allocate(1)));
        }

        @Test
        void what_it_makes_is_for_its_owner_alone() throws IOException {
            Disk disk = disk();
            disk.makeDirectory("a/b");
            disk.open("a/b/f", true).close();
            disk.lock("lock").close();
            Path made = root.resolve("made/on/the/way");
            if (RealDisk.isPosix(made)) {
                for (String directory : List.of("", "a", "a/b")) {
                    assertEquals("rwx------", modes(made.resolve(directory)));
                }
                assertEquals("rw-------", modes(made.resolve("a/b/f")));
                assertEquals("rw-------", modes(made.resolve("lock")));
            }
        }

        private static String modes(Path path) throws IOException {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
        }

        @Test
        void a_full_disk_is_told_from_a_broken_one() {
            assertTrue(RealDisk.typed(new IOException("No space left on device")) instanceof DiskFullException);
            assertTrue(RealDisk.typed(new IOException("Disk quota exceeded")) instanceof DiskFullException);
            IOException broken = new IOException("Input/output error");
            assertEquals(broken, RealDisk.typed(broken));
        }
    }

    @Nested
    class InMemory implements DiskContract {
        @Override
        public Disk disk() {
            return new MemoryDisk();
        }
    }

    @Nested
    class Simulated implements DiskContract {
        private final SimRandomness random = new SimRandomness(7);
        private final SimScheduler scheduler = new SimScheduler(random);

        @Override
        public Disk disk() {
            return new SimDisk(scheduler, random);
        }

        @AfterEach
        void end() {
            scheduler.close();
        }
    }
}
