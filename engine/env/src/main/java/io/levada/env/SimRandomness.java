package io.levada.env;

import java.util.Random;

/** Random numbers from a seed. For the threads of one simulation, of which one runs at a time. */
public final class SimRandomness implements Randomness {
    private final Random random;

    public SimRandomness(long seed) {
        random = new Random(seed);
    }

    @Override
    public long nextLong() {
        return random.nextLong();
    }

    @Override
    public int nextInt(int bound) {
        return random.nextInt(bound);
    }

    /** True once in so many times. */
    public boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }
}
