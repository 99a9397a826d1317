package io.levada.benchmarks.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * All that came of a run, for programs and for the charts.
 *
 * @param java what everything ran on
 * @param processors that the machine has
 * @param heap of each process
 * @param seconds of a turn, about
 * @param remarks what failed or could not take part, in words
 */
record Report(
        String java,
        String system,
        int processors,
        String heap,
        double seconds,
        List<Row> rows,
        List<Curve> curves,
        Memory.Samples memory,
        List<String> remarks) {
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** Of what is found so far, on this machine. */
    static Report of(String heap, double seconds, Findings findings, Memory.Samples memory) {
        return new Report(
                System.getProperty("java.vm.version"),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                Runtime.getRuntime().availableProcessors(),
                heap,
                seconds,
                findings.rows(),
                findings.curves(),
                memory,
                findings.remarks());
    }

    /** Writes {@code report.json}, and {@code report.html} with the same in it. */
    void write(Path directory) throws IOException {
        JSON.writeValue(directory.resolve("report.json").toFile(), this);
        Page.write(directory.resolve("report.html"), JSON.writeValueAsString(this));
    }
}
