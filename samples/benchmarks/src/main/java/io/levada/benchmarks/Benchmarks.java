package io.levada.benchmarks;

import io.levada.benchmarks.peers.ClusterBenchmark;
import io.levada.benchmarks.peers.Peers;
import io.levada.benchmarks.pipelines.Pipelines;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** All benchmarks, as commands of one program. */
@Command(
        name = "benchmarks",
        mixinStandardHelpOptions = true,
        subcommands = {
            Peers.class,
            AppendBenchmark.class,
            StartBenchmark.class,
            HandOverBenchmark.class,
            CrowdBenchmark.class,
            Pipelines.class,
            ClusterBenchmark.class
        },
        description = "What Levada costs, beside the bare machine and beside others.")
public final class Benchmarks {
    private Benchmarks() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Benchmarks()).execute(args));
    }
}
