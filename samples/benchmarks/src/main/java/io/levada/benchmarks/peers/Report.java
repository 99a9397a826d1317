package io.levada.benchmarks.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** All figures of a run, for programs. */
final class Report {
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private Report() {}

    /**
     * @param java what everything ran on
     * @param processors that this machine has
     */
    private record Content(String java, String system, int processors, String heap, double seconds, List<Row> rows) {}

    static void write(Path file, String heap, double seconds, List<Row> rows) throws IOException {
        Content content = new Content(
                System.getProperty("java.vm.version"),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                Runtime.getRuntime().availableProcessors(),
                heap,
                seconds,
                rows);
        JSON.writeValue(file.toFile(), content);
    }
}
