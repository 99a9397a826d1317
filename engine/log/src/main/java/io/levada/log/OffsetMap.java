package io.levada.log;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * The latest offset of each key, in a fixed amount of memory whatever the keys' number and length: open addressing over 128
 * bits of a key's SHA-256, which nobody can make collide on purpose. For one thread.
 */
final class OffsetMap {
    private static final int LONGS = 3;
    private static final int HASH_BYTES = 16;

    private final long[] slots;
    private final int capacity;
    private final int most;
    private final MessageDigest digest;
    private int size;

    /** Of 24 bytes for each slot, of which three quarters are used. */
    OffsetMap(int capacity) {
        this.capacity = capacity;
        this.most = Math.max(1, capacity / 4 * 3);
        this.slots = new long[capacity * LONGS];
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    void clear() {
        Arrays.fill(slots, 0);
        size = 0;
    }

    /** Takes note of a key's offset, the largest so far; false when there is no room for another key. */
    boolean put(byte[] key, long offset) {
        int at = slot(key);
        if (slots[at + 2] == 0) {
            if (size == most) {
                return false;
            }
            size++;
        }
        slots[at + 2] = offset + 1;
        return true;
    }

    /** The latest offset noted of a key; -1 when there is none. */
    long get(byte[] key) {
        return slots[slot(key) + 2] - 1;
    }

    /** Where a key stands, or would; leaves its hash there if the slot is free. */
    private int slot(byte[] key) {
        ByteBuffer hash = ByteBuffer.wrap(digest.digest(key), 0, HASH_BYTES);
        long high = hash.getLong();
        long low = hash.getLong();
        int slot = (int) Math.floorMod(high ^ low, (long) capacity);
        while (true) {
            int at = slot * LONGS;
            if (slots[at + 2] == 0) {
                slots[at] = high;
                slots[at + 1] = low;
                return at;
            } else if (slots[at] == high && slots[at + 1] == low) {
                return at;
            }
            slot = slot + 1 == capacity ? 0 : slot + 1;
        }
    }
}
