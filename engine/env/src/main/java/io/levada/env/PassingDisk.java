package io.levada.env;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Stands before another disk and passes everything on; what derives from it looks on, or does less than it was told. */
public class PassingDisk implements Disk {
    private final Disk disk;

    protected PassingDisk(Disk disk) {
        this.disk = disk;
    }

    /** A file is to be written to. */
    protected void written(String path) {}

    /** A file is to be forced, which this does. */
    protected void force(String path, DiskFile file) throws IOException {
        file.force();
    }

    @Override
    public DiskFile open(String path, boolean create) throws IOException {
        return new PassingFile(path, disk.open(path, create));
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
    public long freeBytes() {
        return disk.freeBytes();
    }

    @Override
    public DiskLock lock(String path) throws IOException {
        return disk.lock(path);
    }

    private final class PassingFile implements DiskFile {
        private final String path;
        private final DiskFile file;

        PassingFile(String path, DiskFile file) {
            this.path = path;
            this.file = file;
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            written(path);
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
            PassingDisk.this.force(path, file);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
