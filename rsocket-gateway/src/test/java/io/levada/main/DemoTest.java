package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DemoTest {
    @TempDir
    private Path directory = Path.of("");

    @Test
    void the_main_job_is_done_on_real_data_and_checked() {
        Program demo = Program.run("demo", "--keep", directory.resolve("log").toString());

        assertEquals(0, demo.code(), demo.out() + demo.err());
        assertEquals("", demo.err());
        assertFalse(demo.out().contains("\u001b"), "no colour in a pipe");
        assertEquals(
                4, demo.out().lines().filter(line -> line.startsWith("  ok ")).count(), demo.out());
        List<String> rows = demo.out()
                .lines()
                .filter(line -> line.matches(" +(audit|delays|crowd) +[a-z]+(-\\d)? .*"))
                .filter(line -> line.matches(".* yes +0$"))
                .toList();
        assertEquals(12, rows.size(), demo.out());
        assertEquals(2, rows.stream().filter(row -> row.contains("none, idle")).count(), demo.out());
        assertTrue(rows.get(3).contains("until it left"), demo.out());
    }
}
