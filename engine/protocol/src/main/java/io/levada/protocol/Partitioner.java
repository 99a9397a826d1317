package io.levada.protocol;

/**
 * Kafka's default choice of a partition by key: murmur2 of the key, its sign bit cleared, modulo the partitions, so that
 * records written through Kafka and through Levada meet. MurmurHash2 is Austin Appleby's, in the public domain; the seed
 * is Kafka's. Stateless.
 */
public final class Partitioner {
    private static final int SEED = 0x9747b28c;
    private static final int MULTIPLIER = 0x5bd1e995;

    private Partitioner() {}

    /** The partition of a key, from 0 to {@code partitions - 1}. */
    public static int partition(byte[] key, int partitions) {
        return (murmur2(key) & 0x7fffffff) % partitions;
    }

    static int murmur2(byte[] data) {
        int hash = SEED ^ data.length;
        int words = data.length / 4;
        for (int i = 0; i < words; i++) {
            hash = hash * MULTIPLIER ^ scramble(word(data, 4 * i));
        }
        int tail = data.length & 3;
        if (tail != 0) {
            for (int i = 0; i < tail; i++) {
                hash ^= (data[4 * words + i] & 0xff) << (8 * i);
            }
            hash *= MULTIPLIER;
        }
        hash ^= hash >>> 13;
        hash *= MULTIPLIER;
        return hash ^ (hash >>> 15);
    }

    private static int scramble(int word) {
        int mixed = word * MULTIPLIER;
        return (mixed ^ (mixed >>> 24)) * MULTIPLIER;
    }

    private static int word(byte[] data, int index) {
        return (data[index] & 0xff)
                | (data[index + 1] & 0xff) << 8
                | (data[index + 2] & 0xff) << 16
                | (data[index + 3] & 0xff) << 24;
    }
}
