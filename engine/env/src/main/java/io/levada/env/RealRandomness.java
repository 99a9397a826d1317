package io.levada.env;

import java.security.SecureRandom;

/** Random numbers that nobody can guess. */
public final class RealRandomness implements Randomness {
    private final SecureRandom random = new SecureRandom();

    @Override
    public long nextLong() {
        return random.nextLong();
    }

    @Override
    public int nextInt(int bound) {
        return random.nextInt(bound);
    }
}
