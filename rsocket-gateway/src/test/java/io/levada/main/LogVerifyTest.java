package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogVerifyTest {
    @TempDir
    private Path directory = Path.of("");

    @BeforeEach
    void fill() {
        String address = "file:" + directory;
        assertEquals(0, Program.run("--server", address, "topic", "create", "t").code());
        for (int batch = 0; batch < 3; batch++) {
            byte[] lines =
                    ("line of batch " + batch + "\n" + "x".repeat(3_000) + "\n").getBytes(StandardCharsets.UTF_8);
            assertEquals(
                    0, Program.run(lines, "--server", address, "publish", "t").code());
        }
    }

    private Path file(String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> filled = files.filter(file -> file.toString().endsWith(suffix))
                    .filter(file -> file.toFile().length() > 0)
                    .toList();
            assertEquals(1, filled.size());
            return filled.get(0);
        }
    }

    private static void flip(Path file, int position) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[position] ^= 1;
        Files.write(file, bytes);
    }

    private Program verify(String... more) {
        return Program.run(Stream.concat(Stream.of("log", "verify", directory.toString()), Stream.of(more))
                .toArray(String[]::new));
    }

    @Test
    void control_a_store_without_damage_is_said_to_be_so() {
        Program text = verify();
        assertEquals(0, text.code(), text.out() + text.err());
        assertTrue(text.out().matches("no damage: [0-9]+ batches in [0-9]+ files of [0-9]+ bytes\n"), text.out());
        Program json = verify("--output", "json");
        assertEquals(0, json.code());
        assertTrue(
                json.out().matches("\\{\"files\":[0-9]+,\"bytes\":[0-9]+,\"batches\":[0-9]+,\"damaged\":0\\}\n"),
                json.out());
    }

    @Test
    void a_damaged_batch_is_told_with_its_offsets() throws IOException {
        flip(file(".log"), 65); // the first batch alone is that short, whatever it holds

        Program text = verify();
        assertEquals(1, text.code(), text.out());
        assertTrue(
                text.out().matches("DAMAGED t-0 offsets 0 to [01], topics/.*/0{20}\\.log at 0, [0-9]+ bytes: [^\n]+\n"),
                text.out());
        assertTrue(text.err().startsWith("CORRUPT_MESSAGE: damaged ranges: 1 in "), text.err());
        Program json = verify("--output", "json");
        assertEquals(1, json.code());
        assertTrue(json.lines().get(0).startsWith("{\"topic\":\"t\",\"partition\":0,\"from\":0,\"to\":"), json.out());
    }

    @Test
    void each_small_file_and_index_damaged_or_missing_is_told() throws IOException {
        for (String name : List.of("store", "catalog", "catalog.copy", "checkpoint", "checkpoint.copy")) {
            Path file = directory.resolve(name);
            byte[] before = Files.readAllBytes(file);
            flip(file, before.length - 1);
            told(name);
            Files.delete(file);
            told(name);
            Files.write(file, before);
        }
        Path index = file(".timeindex");
        flip(index, 50);
        told(".index");
    }

    private void told(String name) {
        Program text = verify();
        assertEquals(1, text.code(), name + " " + text.out());
        assertTrue(text.out().contains(name + " at 0, "), text.out());
    }

    @Test
    void what_is_missing_is_told_against_the_checkpoint() throws IOException {
        Path segment = file(".log");
        byte[] before = Files.readAllBytes(segment);
        Files.write(segment, Arrays.copyOf(before, 4_000));
        Program cut = verify();
        assertEquals(1, cut.code());
        // Whether the two records of a publish went out as one batch is a matter of time.
        assertTrue(cut.out().matches("(?s)DAMAGED t-0 offsets [23] to .*"), cut.out());
        assertTrue(cut.out().contains("the file is too short"), cut.out());
        Files.delete(segment);
        assertTrue(verify().out().contains("DAMAGED t-0 offsets 0 to 5, "), verify().out());
    }

    @Test
    void a_last_sector_that_the_checkpoint_mends_is_no_damage() throws IOException {
        Path segment = file(".log");
        byte[] before = Files.readAllBytes(segment);
        flip(segment, before.length - 1);
        assertEquals(0, verify().code(), verify().out());
    }

    @Test
    void a_store_in_use_is_refused_and_what_is_none_is_said_so() {
        try (Levada levada = Levada.open("file:" + directory)) {
            Program used = verify();
            assertEquals(1, used.code(), levada.address());
            assertTrue(used.err().matches("INVALID_REQUEST: [^\n]*in use[^\n]*\n"), used.err());
        }
        Program none = Program.run("log", "verify", directory.resolve("nothing").toString());
        assertEquals(1, none.code());
        assertTrue(none.err().matches("INVALID_REQUEST: [^\n]+\n"), none.err());
    }
}
