package io.levada.benchmarks.peers;

import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Option;

/** How long and how often systems take turns, and with what. */
final class TurnOptions {
    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "that count (${DEFAULT-VALUE})")
    private int rounds = 5;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "3", description = "of a turn (${DEFAULT-VALUE})")
    private double seconds = 3;

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "1g",
            description = "of each process in Java, as -Xmx takes it (${DEFAULT-VALUE})")
    private String heap = "1g";

    @Option(
            names = "--levada",
            paramLabel = "CLASSPATH",
            description = "the Levada to start; rsocket-gateway/target/levada.jar unless said")
    private String levada = "";

    int rounds() {
        return rounds;
    }

    double seconds() {
        return seconds;
    }

    String heap() {
        return heap;
    }

    /** Options of Java that give a process all of its heap at once. */
    List<String> heapOptions() {
        return List.of("-Xms" + heap, "-Xmx" + heap);
    }

    /** The class path of the Levada to start. */
    String levada() throws IOException {
        return levada.isEmpty()
                ? Peers.project("rsocket-gateway/target/levada.jar").toString()
                : levada;
    }
}
