package io.levada.env;

import java.util.UUID;

/** Where random numbers come from. Safe for any thread. */
public interface Randomness {
    long nextLong();

    /** From 0 to {@code bound - 1}. */
    int nextInt(int bound);

    /** A version 4 UUID. */
    default UUID nextUuid() {
        long high = (nextLong() & 0xffff_ffff_ffff_0fffL) | 0x4000L;
        long low = (nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }
}
