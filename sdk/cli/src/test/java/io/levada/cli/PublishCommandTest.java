package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.StoredRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishCommandTest {
    private final Cli cli = new Cli();

    private List<StoredRecord> published() {
        return cli.log.records.getOrDefault("t", List.of());
    }

    @Test
    void every_line_is_a_record_also_an_empty_one_and_a_last_one_without_line_feed() {
        cli.log.withTopic("t", 1);

        assertEquals(0, cli.withInput("one\n\nthree").run("publish", "t"), cli.err());

        assertEquals(
                List.of("one", "", "three"),
                published().stream()
                        .map(record -> String.valueOf(record.valueUtf8()))
                        .toList());
        assertEquals("published 3 records\n", cli.err());
        assertEquals("", cli.out());
    }

    @Test
    void with_an_expected_offset_records_go_there_or_nowhere() {
        cli.log.withTopic("t", 2);

        assertEquals(0, cli.withInput("0\n1\n").run("publish", "t", "--expected-offset", "0"), cli.err());
        assertEquals(1, cli.withInput("2\n").run("publish", "t", "--expected-offset", "1"));
        assertTrue(cli.err().endsWith("OFFSET_MISMATCH: t-0 ends at 2\n"), cli.err());
        assertEquals(
                0, cli.withInput("2\n").run("publish", "t", "--expected-offset", "0", "--partition", "1"), cli.err());
        assertEquals(
                List.of("0@0", "0@1", "1@0"),
                published().stream()
                        .map(record -> record.partition() + "@" + record.offset())
                        .toList());
    }

    @Test
    void the_key_stands_before_the_first_delimiter() {
        cli.log.withTopic("t", 1);

        cli.withInput("k,v,w\nnone\n,empty\n").run("publish", "t", "--key-delimiter", ",");

        assertEquals("k", published().get(0).keyUtf8());
        assertEquals("v,w", published().get(0).valueUtf8());
        assertNull(published().get(1).key());
        assertEquals("none", published().get(1).valueUtf8());
        assertEquals("", published().get(2).keyUtf8());
        assertEquals("empty", published().get(2).valueUtf8());
    }

    @Test
    void the_delimiter_may_be_a_tab_or_several_characters() {
        cli.log.withTopic("t", 1);

        cli.withInput("a\tb\n").run("publish", "t", "--key-delimiter", "\\t");
        cli.withInput("a::b:c\n").run("publish", "t", "--key-delimiter", "::");

        assertEquals("b", published().get(0).valueUtf8());
        assertEquals("a", published().get(1).keyUtf8());
        assertEquals("b:c", published().get(1).valueUtf8());
    }

    @Test
    void bytes_that_are_no_text_stay_as_they_are(@TempDir Path directory) throws IOException {
        cli.log.withTopic("t", 3);
        Path file = Files.write(directory.resolve("f"), new byte[] {(byte) 0xff, 0, '\r', '\n', 'x'});

        assertEquals(0, cli.run("publish", "t", "--file", file.toString(), "--partition", "2"), cli.err());

        assertArrayEquals(new byte[] {(byte) 0xff, 0, '\r'}, published().get(0).value());
        assertEquals(2, published().get(0).partition());
        assertEquals(2, published().size());
    }

    @Test
    void lines_longer_than_any_buffer_arrive_whole() {
        cli.log.withTopic("t", 1);
        String longLine = "0123456789".repeat(20_000);

        cli.withInput("a\n" + longLine + "\nb\n").run("publish", "t");

        assertEquals(longLine, published().get(1).valueUtf8());
        assertEquals("b", published().get(2).valueUtf8());
    }

    @Test
    void a_failure_says_how_much_was_published() {
        cli.log.withTopic("t", 1);
        cli.log.fullFrom = 2;

        assertEquals(1, cli.withInput("a\nb\nc\nd\n").run("publish", "t"));

        assertEquals("STORAGE_FULL: no space (2 records published before it)\n", cli.err());
    }

    @Test
    void a_file_that_is_not_there_is_named() {
        assertEquals(1, cli.run("publish", "t", "--file", "/nowhere/at/all"));

        assertEquals("INVALID_REQUEST: there is no file /nowhere/at/all\n", cli.err());
    }

    @Test
    void progress_is_for_people_only() {
        assertTrue(progressOf(true).contains("records"), "control: a terminal shows it");
        assertEquals("", progressOf(false));
    }

    private static String progressOf(boolean terminal) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        Terminal streams = new Terminal(
                InputStream.nullInputStream(),
                OutputStream.nullOutputStream(),
                new PrintStream(text, true, StandardCharsets.UTF_8),
                terminal,
                terminal);
        long[] now = {0};
        ProgressBar bar = new ProgressBar(streams, "records", () -> now[0]);
        now[0] = 2_000_000_000;
        bar.update(500, 0.25);
        String drawn = text.toString(StandardCharsets.UTF_8);
        if (terminal) {
            assertEquals("\r\u001b[K[########......................]  25%  500 records  250/s  0:06 left", drawn);
        }
        return drawn;
    }
}
