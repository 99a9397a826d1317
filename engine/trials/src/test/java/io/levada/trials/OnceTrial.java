package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.TopicDescription;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kafka's source of a file, whose worker and whose server are killed while the file grows: with {@code exactly.once.support} each
 * line is in the topic once, in order within each partition; without it some are there twice, which shows that it matters.
 */
@Tag("trial")
class OnceTrial {
    private static final int LINES_AT_ONCE = 10;
    private static final Duration BETWEEN = Duration.ofMillis(10);
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int KILLS = 6;
    private static final int PARTITIONS = 3;

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();

    /** A line as it was read. */
    private record Line(int partition, int number) {}

    /** A file that grows until it is told not to. */
    private static final class Growing implements Runnable {
        private final Path file;
        private final AtomicBoolean enough = new AtomicBoolean();
        private final AtomicInteger lines = new AtomicInteger();

        Growing(Path file) {
            this.file = file;
        }

        @Override
        public void run() {
            try (BufferedWriter writer = Files.newBufferedWriter(file)) {
                while (!enough.get()) {
                    for (int i = 0; i < LINES_AT_ONCE; i++) {
                        writer.write("line " + lines.getAndIncrement());
                        writer.newLine();
                    }
                    writer.flush();
                    TimeUnit.NANOSECONDS.sleep(BETWEEN.toNanos());
                }
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void each_line_is_there_once_whoever_was_killed() throws Exception {
        Growing file = new Growing(directory.resolve("lines"));
        List<Line> read = run(file, "required");

        System.err.printf(
                "%,d lines, %d kills, exactly.once.support=required: %,d records%n",
                file.lines.get(), KILLS, read.size());
        assertEquals(file.lines.get(), different(read), "lines that are there");
        assertEquals(file.lines.get(), read.size(), "records");
        for (int partition = 0; partition < PARTITIONS; partition++) {
            List<Integer> numbers = numbers(read, partition);
            assertEquals(numbers.stream().sorted().toList(), numbers, "the order in partition " + partition);
            assertFalse(numbers.isEmpty(), "nothing is in partition " + partition);
        }
    }

    private static List<Integer> numbers(List<Line> lines, int partition) {
        return lines.stream()
                .filter(line -> line.partition == partition)
                .map(Line::number)
                .toList();
    }

    @Test
    void without_it_lines_come_again() throws Exception {
        Growing file = new Growing(directory.resolve("lines"));
        List<Line> read = run(file, "requested");

        System.err.printf("%,d lines, %d kills, without it: %,d records%n", file.lines.get(), KILLS, read.size());
        assertEquals(file.lines.get(), different(read), "lines that are there");
        assertTrue(read.size() > file.lines.get(), "nothing came again, so this shows nothing");
    }

    private List<Line> run(Growing file, String support) throws Exception {
        int port = ServerProcess.freePort();
        int restPort = ServerProcess.freePort();
        String address = "rsocket://127.0.0.1:" + port;
        Path log = directory.resolve("worker.log");
        Path connector =
                Files.writeString(directory.resolve("lines.json"), """
                {"name": "lines", "config": {
                  "connector.class": "FileStreamSource", "tasks.max": "1", "topic": "lines", "file": "%s",
                  "exactly.once.support": "%s", "topic.creation.default.partitions": "%d",
                  "topic.creation.default.replication.factor": "1",
                  "value.converter": "org.apache.kafka.connect.storage.StringConverter"}}
                """.formatted(file.file, support, PARTITIONS));
        Thread growing = new Thread(file, "growing");
        growing.start();
        ServerProcess server = server(port);
        WorkerProcess worker = WorkerProcess.start(address, log, restPort, List.of(connector));
        try (Levada levada = Levada.open(address)) {
            await(log, () -> records(levada) > 0);
            for (int i = 0; i < KILLS; i++) {
                Thread.sleep(500 + random.nextInt(2_000));
                if (i % 3 == 2) {
                    server.kill();
                    server.close();
                    server = server(port);
                } else {
                    worker.kill();
                    worker.close();
                    long had = records(levada);
                    worker = WorkerProcess.start(address, log, restPort, List.of());
                    await(log, () -> records(levada) > had);
                }
            }
            file.enough.set(true);
            growing.join();
            await(log, () -> records(levada) >= file.lines.get() && different(read(levada)) >= file.lines.get());
            return read(levada);
        } finally {
            file.enough.set(true);
            worker.close();
            server.close();
        }
    }

    private ServerProcess server(int port) throws Exception {
        ServerProcess started = ServerProcess.start(directory.resolve("store"), directory.resolve("server.log"), port);
        assertTrue(started.address().isPresent(), "the server did not start");
        return started;
    }

    private static int different(List<Line> lines) {
        return lines.stream().map(Line::number).collect(Collectors.toSet()).size();
    }

    private static void await(Path log, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("lines do not come; the worker said " + Files.readString(log));
            }
            Thread.sleep(100);
        }
    }

    /** How many there are; 0 where there is no topic yet. */
    private static long records(Levada levada) {
        return levada.topics()
                .describe("lines")
                .map(topic -> topic.partitions().stream()
                        .mapToLong(TopicDescription.PartitionDescription::durable)
                        .sum())
                .onErrorReturn(LevadaException.class, 0L)
                .blockOptional()
                .orElseThrow();
    }

    /** What is there now, in the order of each partition. */
    private static List<Line> read(Levada levada) {
        return levada.read(ReadSpec.of("lines").to(End.now()))
                .map(record -> new Line(
                        record.partition(),
                        Integer.parseInt(String.valueOf(record.valueUtf8()).substring("line ".length()))))
                .collectList()
                .blockOptional()
                .orElseThrow();
    }
}
