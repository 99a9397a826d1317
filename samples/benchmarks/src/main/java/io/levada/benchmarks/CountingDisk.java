package io.levada.benchmarks;

import io.levada.env.Disk;
import io.levada.env.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Counts how often the journal is forced, on its way to a disk. */
final class CountingDisk implements Disk {
    private static final String JOURNAL = "journal/";

    private final Disk disk;
    private final LongAdder journalForces = new LongAdder();

    CountingDisk(Disk disk) {
        this.disk = disk;
    }

    long journalForces() {
        return journalForces.sum();
    }

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        DiskFile file = disk.open(path, create);
        return path.startsWith(JOURNAL) ? new CountingFile(file) : file;
    }

    @Override
    public boolean exists(String path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public long size(String path) throws IOException {
        return disk.size(path);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public void makeDirectory(String path) throws IOException {
        disk.makeDirectory(path);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(String path) throws IOException {
        disk.delete(path);
    }

    @Override
    public void forceDirectory(String path) throws IOException {
        disk.forceDirectory(path);
    }

    @Override
    public DiskLock lock(String path) throws IOException {
        return disk.lock(path);
    }

    private final class CountingFile implements DiskFile {
        private final DiskFile file;

        CountingFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            file.write(position, buffers);
        }

        @Override
        public int read(long position, ByteBuffer into) throws IOException {
            return file.read(position, into);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void force() throws IOException {
            journalForces.increment();
            file.force();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
