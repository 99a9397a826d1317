package io.levada.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.main.ServeProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How many records of 100 bytes a second a page reads, with the server beside it: by the client's views of batches and of
 * records, and by rsocket-js, each reading the same million in turns; medians. Not a test: run by its name, after {@code npm ci} in
 * {@code sdk/javascript} and {@code mvn test-compile}.
 */
@NeedsChromium
final class BrowserRates {
    private static final int RECORDS = 1_000_000;
    private static final int ROUNDS = Integer.getInteger("levada.browser.rounds", 5);
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final String COUNT = """
            const {connect} = await import('/levada.js');
            const levada = await connect();
            let count = 0;
            const begun = performance.now();
            LOOP
            const ms = performance.now() - begun;
            await levada.close();
            if (count !== 1e6) throw new Error(`${count} came`);
            return ms;""";
    private static final String PEER = """
            const peer = await import('/console/rsocket-js.js');
            const begun = performance.now();
            await peer.VIEW(`ws://${location.host}/rsocket`, 'numbered', 1e6);
            return performance.now() - begun;""";

    private static final Map<String, String> READERS = readers();

    private static Map<String, String> readers() {
        Map<String, String> readers = new LinkedHashMap<>();
        String read = "levada.topic('numbered').read({from: 'earliest', to: 'now'})";
        readers.put(
                "levada.js, batches",
                COUNT.replace("LOOP", "for await (const batch of " + read + ".batches()) count += batch.count;"));
        readers.put(
                "levada.js, batches, each record's value taken",
                COUNT.replace(
                        "LOOP",
                        "for await (const batch of " + read
                                + ".batches()) for (const record of batch) if (record.value.length === 100) count++;"));
        readers.put(
                "levada.js, records",
                COUNT.replace("LOOP", "for await (const record of " + read + ") if (record.offset >= 0) count++;"));
        readers.put("rsocket-js, read.batched, not decoded", PEER.replace("VIEW", "batched"));
        readers.put("rsocket-js, read", PEER.replace("VIEW", "plain"));
        return readers;
    }

    @TempDir
    Path store;

    @Test
    void measure() throws Exception {
        bundle();
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        try (ServeProcess server = ServeProcess.start(store);
                Numbered topic = Numbered.at(server.address());
                Chromium browser = Chromium.start()) {
            topic.publish(RECORDS).block(LIMIT);
            for (int round = 0; round <= ROUNDS; round++) {
                for (Map.Entry<String, String> reader : READERS.entrySet()) {
                    browser.open(server.http() + "/healthz");
                    JsonNode ms = browser.eval(reader.getValue(), LIMIT);
                    if (round > 0) { // the first is to warm up
                        seconds.computeIfAbsent(reader.getKey(), absent -> new ArrayList<>())
                                .add(ms.asDouble() / 1_000);
                    }
                }
            }
        }
        seconds.forEach((reader, times) -> System.out.printf(
                Locale.ROOT,
                "| %-46s | %,9.0f | %,9.0f to %,9.0f |%n",
                reader,
                RECORDS / median(times),
                RECORDS / times.stream().mapToDouble(time -> time).max().orElseThrow(),
                RECORDS / times.stream().mapToDouble(time -> time).min().orElseThrow()));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    /** Makes rsocket-js a module that a page can load. */
    private static void bundle() throws Exception {
        Path client = Path.of("../sdk/javascript");
        Path target = Path.of("target/test-classes/web/console/rsocket-js.js").toAbsolutePath();
        Files.createDirectories(target.getParent());
        Process esbuild = new ProcessBuilder(
                        "node_modules/.bin/esbuild",
                        "bench/browser-peer.js",
                        "--bundle",
                        "--format=esm",
                        "--define:global=globalThis",
                        "--alias:buffer=buffer/",
                        "--log-level=error",
                        "--outfile=" + target)
                .directory(client.toFile())
                .inheritIO()
                .start();
        if (!esbuild.waitFor(1, TimeUnit.MINUTES) || esbuild.exitValue() != 0) {
            throw new AssertionError("esbuild failed");
        }
    }
}
