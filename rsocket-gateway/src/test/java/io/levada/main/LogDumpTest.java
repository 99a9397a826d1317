package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogDumpTest {
    @TempDir
    private Path directory = Path.of("");

    private void publish(String text, String... more) {
        String address = "file:" + directory;
        Program.run("--server", address, "topic", "create", "t");
        String[] args = Stream.concat(Stream.of("--server", address, "publish", "t"), Stream.of(more))
                .toArray(String[]::new);
        assertEquals(0, Program.run(text.getBytes(StandardCharsets.UTF_8), args).code());
    }

    private Path segment() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> filled = files.filter(file -> file.toString().endsWith(".log"))
                    .filter(file -> file.toFile().length() > 0)
                    .toList();
            assertEquals(1, filled.size());
            return filled.get(0);
        }
    }

    @Test
    void shows_batches_and_their_records() throws IOException {
        publish("a," + "x".repeat(5_000) + "\n", "--key-delimiter", ",", "--codec", "zstd");

        for (Path path : List.of(directory, segment())) {
            Program dump = Program.run("log", "dump", path.toString());

            assertEquals(0, dump.code(), dump.err());
            assertEquals(3, dump.lines().size(), dump.out());
            assertTrue(dump.lines().get(0).startsWith("t-0 from offset 0, "), dump.out());
            assertTrue(dump.lines().get(1).startsWith("  at 0: offsets 0 to 0, 1 records, zstd, "), dump.out());
            assertTrue(dump.lines().get(2).contains("\"offset\":0"), dump.out());
            assertTrue(dump.lines().get(2).contains("\"key\":\"a\",\"value\":\"xxx"), dump.out());
        }
    }

    @Test
    void gives_one_line_of_json_for_each_batch() {
        publish("1\n");

        Program dump = Program.run("log", "dump", directory.toString(), "--output", "json");

        assertEquals(1, dump.lines().size(), dump.out());
        assertTrue(
                dump.out()
                        .matches(
                                "\\{\"topic\":\"t\",\"partition\":0,.*\"valid\":true,\"baseOffset\":0,\"lastOffset\":0,"
                                        + "\"count\":1,\"codec\":\"none\",\"records\":\\[\\{\"topic\":\"t\".*\\}\\]\\}\n"),
                dump.out());
    }

    @Test
    void damage_is_shown_and_gives_exit_code_1() throws IOException {
        publish("1\n");
        byte[] bytes = Files.readAllBytes(segment());
        bytes[bytes.length - 3] ^= 1;
        Files.write(segment(), bytes);

        Program dump = Program.run("log", "dump", directory.toString());

        assertEquals(1, dump.code());
        assertTrue(dump.out().contains("  at 0: DAMAGED, " + bytes.length + " bytes: "), dump.out());
        assertTrue(dump.err().matches("CORRUPT_MESSAGE: damaged ranges: 1[^\n]*\n"), dump.err());
    }

    @Test
    void what_is_no_log_is_said_so() {
        Program dump = Program.run("log", "dump", directory.resolve("nothing").toString());

        assertEquals(1, dump.code());
        assertTrue(dump.err().matches("INVALID_REQUEST: [^\n]+\n"), dump.err());
    }
}
