package io.levada.env;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.BitSet;

/** A file's bytes as programs see them and as the medium has them. For one thread at a time. */
final class SimInode implements SimNode {
    static final int SECTOR_BYTES = 4096;

    private byte[] seen = new byte[0];
    private byte[] kept = new byte[0];
    private int seenSize;
    private int keptSize;
    private final BitSet dirty = new BitSet();
    /** Sectors of a failed force: no later force writes them, unless they are written to again. */
    private final BitSet doomed = new BitSet();

    int size() {
        return seenSize;
    }

    void write(int position, byte[] bytes, int length) {
        grow(position + length);
        System.arraycopy(bytes, 0, seen, position, length);
        seenSize = Math.max(seenSize, position + length);
        if (length > 0) {
            int from = position / SECTOR_BYTES;
            int to = (position + length - 1) / SECTOR_BYTES + 1;
            dirty.set(from, to);
            doomed.clear(from, to);
        }
    }

    private void grow(int size) {
        if (size > seen.length) {
            int sectors = (Math.max(size, seen.length * 2) + SECTOR_BYTES - 1) / SECTOR_BYTES;
            seen = Arrays.copyOf(seen, sectors * SECTOR_BYTES);
        }
    }

    int read(int position, byte[] into) {
        int count = Math.max(0, Math.min(into.length, seenSize - position));
        if (count > 0) {
            System.arraycopy(seen, position, into, 0, count);
        }
        return count;
    }

    void truncate(int size) {
        if (size < seenSize) {
            Arrays.fill(seen, size, seenSize, (byte) 0);
            dirty.set(size / SECTOR_BYTES, (seenSize - 1) / SECTOR_BYTES + 1);
            seenSize = size;
        }
    }

    /** What a force that begins now will have made durable when it is through. */
    record Forced(byte[] bytes, BitSet sectors, int size) {}

    Forced beginForce() {
        BitSet sectors = (BitSet) dirty.clone();
        sectors.andNot(doomed);
        return new Forced(seen.clone(), sectors, seenSize);
    }

    void endForce(Forced forced) {
        kept = Arrays.copyOf(kept, Math.max(kept.length, forced.bytes().length));
        for (int s = forced.sectors().nextSetBit(0);
                s >= 0;
                s = forced.sectors().nextSetBit(s + 1)) {
            int from = s * SECTOR_BYTES;
            int to = Math.min(from + SECTOR_BYTES, forced.bytes().length);
            if (from < to) {
                System.arraycopy(forced.bytes(), from, kept, from, to - from);
                if (Arrays.equals(kept, from, to, seen, from, to)) {
                    dirty.clear(s);
                }
            }
        }
        keptSize = forced.size();
    }

    void failForce() {
        doomed.or(dirty);
    }

    void digest(MessageDigest digest) {
        digest.update(ByteBuffer.allocate(5).put((byte) ':').putInt(seenSize).flip());
        digest.update(seen, 0, seenSize);
    }

    /** What is found after a crash. */
    SimInode afterCrash(SimRandomness random, SimDisk.CrashStyle style) {
        int size = seenSize != keptSize && style.keeps(random) ? seenSize : keptSize;
        SimInode found = new SimInode();
        found.seen = Arrays.copyOf(kept, Math.max(seen.length, kept.length));
        for (int s = dirty.nextSetBit(0); s >= 0; s = dirty.nextSetBit(s + 1)) {
            int from = s * SECTOR_BYTES;
            int to = Math.min(from + SECTOR_BYTES, seen.length);
            if (from < to) {
                style.resolve(random, found.seen, seen, from, to);
            }
        }
        Arrays.fill(found.seen, size, Math.max(size, found.seen.length), (byte) 0);
        found.seenSize = size;
        found.kept = found.seen.clone();
        found.keptSize = size;
        return found;
    }
}
