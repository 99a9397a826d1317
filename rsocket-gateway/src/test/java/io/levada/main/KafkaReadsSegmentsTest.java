package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** Our segments under the eyes of Kafka's own DumpLogSegments, in a process of its own as it exits when it is done. */
@Timeout(120)
class KafkaReadsSegmentsTest {
    private static final int RECORDS_OF_EACH_CODEC = 2_000;
    private static final int PARTITIONS = 3;
    private static final long SEGMENT_BYTES = 64 << 10;
    private static final Pattern BATCH = Pattern.compile(
            "baseOffset: (\\d+) lastOffset: (\\d+) count: (\\d+) .* magic: 2 compresscodec: (\\w+) crc: \\d+ isvalid: (\\w+)");

    @TempDir
    private Path directory = Path.of("");

    private void write(Compression... codecs) {
        for (Compression codec : codecs) {
            LevadaOptions options =
                    LevadaOptions.defaults().withCompression(codec).withBatchBytes(4 << 10);
            try (Levada levada = Levada.open("file:" + directory, options)) {
                if (codec == Compression.NONE) {
                    TopicSpec spec = TopicSpec.of("t")
                            .partitions(PARTITIONS)
                            .config(Map.of("segment.bytes", String.valueOf(SEGMENT_BYTES)));
                    levada.topics().create(spec).block();
                }
                levada.publish("t", Flux.range(0, RECORDS_OF_EACH_CODEC).map(KafkaReadsSegmentsTest::record))
                        .blockLast();
            }
        }
    }

    /** Keys, null values, headers and timestamps of all sorts; hashed text, so that no codec makes it small. */
    private static Record record(int n) {
        byte[] key = n % 7 == 0 ? null : ("key-" + n % 100).getBytes(StandardCharsets.UTF_8);
        byte[] value = n % 11 == 0
                ? null
                : Stream.of(n, n * 31, n * 1009, n * 65_537)
                        .map(part -> Integer.toHexString(part * 0x9E3779B9))
                        .collect(Collectors.joining("-"))
                        .getBytes(StandardCharsets.UTF_8);
        Record record = Record.of(key, value).withPartition(n % PARTITIONS);
        return n % 5 == 0 ? record.withHeaders(List.of(Header.of("h", "v" + n))) : record;
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList();
        }
    }

    private static List<String> dump(List<Path> files) throws IOException, InterruptedException {
        Path out = Files.createTempFile("dump", ".txt");
        try {
            Process tool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            "org.apache.kafka.tools.DumpLogSegments",
                            "--deep-iteration",
                            "--files",
                            files.stream().map(Path::toString).collect(Collectors.joining(",")))
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            assertTrue(tool.waitFor(60, TimeUnit.SECONDS), "DumpLogSegments takes too long");
            return Files.readAllLines(out, StandardCharsets.ISO_8859_1);
        } finally {
            Files.delete(out);
        }
    }

    @Test
    void every_batch_of_every_codec_is_valid_and_counts_are_equal() throws Exception {
        write(Compression.values());
        List<Path> segments = segments();

        List<String> lines = dump(segments);

        Map<String, Integer> counts = new HashMap<>();
        int ours = 0;
        for (String line : lines) {
            Matcher batch = BATCH.matcher(line);
            if (batch.matches()) {
                assertEquals("true", batch.group(5), line);
                long span = Long.parseLong(batch.group(2)) - Long.parseLong(batch.group(1)) + 1;
                assertEquals(span, Long.parseLong(batch.group(3)), line);
                counts.merge(batch.group(4).toLowerCase(Locale.ROOT), (int) span, Integer::sum);
            } else if (line.startsWith("| offset:")) {
                ours++;
            }
        }
        int all = Compression.values().length * RECORDS_OF_EACH_CODEC;
        assertTrue(segments.size() >= 2 * PARTITIONS, "several segments for each partition, not " + segments);
        assertEquals(all, ours, String.join("\n", lines.subList(0, Math.min(40, lines.size()))));
        for (Compression codec : Compression.values()) {
            assertEquals(RECORDS_OF_EACH_CODEC, counts.get(codec.name().toLowerCase(Locale.ROOT)), codec.name());
        }
    }

    @Test
    void control_a_flipped_bit_is_seen_by_the_tool() throws Exception {
        write(Compression.NONE);
        Path damaged = segments().get(0);
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[100] ^= 1; // in the records of the first batch, which its CRC covers
        Files.write(damaged, bytes);

        List<String> lines = dump(List.of(damaged));

        assertTrue(
                lines.stream().anyMatch(line -> line.contains("isvalid: false") || line.contains("Exception")),
                String.join("\n", lines));
    }
}
