package io.levada.trials;

import java.io.IOException;
import java.nio.file.Path;

/** How much is tried, and where it is written down. */
final class Sizes {
    private Sizes() {}

    /** Cycles of each trial: 20, or 200 in the soak. */
    static int cycles() {
        return Integer.getInteger("trials.cycles", 20);
    }

    /** Cycles of each control, which has to lose in most of them: 4, or 10 in the soak. */
    static int controls() {
        return Math.max(4, cycles() / 20);
    }

    /** SIGTERMs under load: 10, or 100 in the soak. */
    static int drains() {
        return Integer.getInteger("trials.drains", 10);
    }

    /** Forces that strace is to fail, at least. */
    static int injected() {
        return Integer.getInteger("trials.injected", 80);
    }

    /** Forces that a device is to fail, at least. */
    static int real() {
        return Integer.getInteger("trials.real", 20);
    }

    /** For how long members of groups come and go: 40 s, or 120 s in the soak. */
    static int groupSeconds() {
        return Integer.getInteger("trials.groups", 40);
    }

    /** How many times over hostile peers come: once, or 5 times in the soak. */
    static int hostile() {
        return Integer.getInteger("trials.hostile", 1);
    }

    /** Records that move to a cluster and back: a million. */
    static int copied() {
        return Integer.getInteger("trials.copied", 1_000_000);
    }

    /** Rounds in which a broker and a gateway are killed: 2, or 10 in the soak. */
    static int clusters() {
        return Integer.getInteger("trials.clusters", 2);
    }

    /** Says what came out, and adds it to the report where one is kept. */
    static void report(String trial, Outcome outcome) throws IOException {
        System.out.println(trial + ": " + outcome);
        String report = System.getProperty("trials.report", "");
        if (!report.isEmpty()) {
            SoakReport.add(Path.of(report), trial, outcome);
        }
    }
}
