package io.levada.benchmarks.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PeersTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path directory;

    private int run(String arguments) {
        return new CommandLine(new Peers())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments.formatted(directory).split(" ", -1));
    }

    @Test
    void each_piece_of_work_is_done_and_reported() throws IOException {
        int exit = run("--directory %s --systems levada-os --heap 256m --warm-up 0 --rounds 1 --seconds 0.5"
                + " --only start,publish,fan-out,catch-up,latency,websocket --partitions 1 --groups 2 --rates 1000"
                + " --megabytes 4 --subscribers 20 --levada "
                + System.getProperty("java.class.path"));

        assertEquals(0, exit, err.toString());
        JsonNode report =
                new ObjectMapper().readTree(directory.resolve("report.json").toFile());
        Set<String> sections = new TreeSet<>();
        for (JsonNode row : report.get("rows")) {
            sections.add(row.get("section").asText());
            double figure = row.at("/rounds/levada-os/0").asDouble();
            assertTrue(figure > 0, row::toString);
        }
        assertEquals(Set.of("start", "publish", "fan-out", "catch-up", "latency", "WebSocket"), sections);
        assertEquals(0, report.get("remarks").size());
        assertTrue(
                out.toString().contains("| publish: 100 B, 1 publishers, 1 partitions | records/s | "), out::toString);
        String page = Files.readString(directory.resolve("report.html"));
        assertTrue(page.contains("uPlot"));
        assertFalse(page.contains("/*report.json*/"));
        assertTrue(Files.notExists(directory.resolve("levada-os")));
    }

    @Test
    void a_system_that_fails_is_told_and_the_report_is_written() {
        int exit = run("--directory %s --systems levada-os --warm-up 0 --rounds 1 --only publish --levada nothing.jar");

        assertEquals(1, exit);
        assertTrue(err.toString().contains("levada-os failed at publish, "), err::toString);
        assertTrue(Files.exists(directory.resolve("report.json")));
    }
}
