package io.levada.trials;

/**
 * What cycles came to.
 *
 * @param acked records acknowledged, or shown to a consumer
 * @param lost of those, how many were gone, or stood elsewhere
 * @param duplicated records that were there more than once
 * @param reordered records that stood before one published earlier, or behind a hole in their stream
 * @param foreign records that nobody published, or that changed, or that came back after a crash had dropped them
 * @param rewound commits behind one that had been shown
 */
record Outcome(int cycles, long acked, long lost, long duplicated, long reordered, long foreign, long rewound) {
    static final Outcome NONE = new Outcome(0, 0, 0, 0, 0, 0, 0);

    Outcome plus(Outcome other) {
        return new Outcome(
                cycles + other.cycles,
                acked + other.acked,
                lost + other.lost,
                duplicated + other.duplicated,
                reordered + other.reordered,
                foreign + other.foreign,
                rewound + other.rewound);
    }

    /** This and a later check of the same ledger, which counts its records again. */
    Outcome then(Outcome later) {
        Outcome sum = plus(later);
        return new Outcome(sum.cycles, later.acked, sum.lost, sum.duplicated, sum.reordered, sum.foreign, sum.rewound);
    }

    Outcome withCycles(int count) {
        return new Outcome(count, acked, lost, duplicated, reordered, foreign, rewound);
    }

    boolean isClean() {
        return lost + duplicated + reordered + foreign + rewound == 0;
    }

    @Override
    public String toString() {
        return cycles + " cycles, " + acked + " acked: " + lost + " lost, " + duplicated + " duplicated, " + reordered
                + " reordered, " + foreign + " foreign, " + rewound + " commits rewound";
    }
}
