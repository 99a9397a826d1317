package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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
    private static final int KILLS = 8;
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
        assertEquals(file.lines.get(), new HashSet<>(read).size(), "lines that are there");
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
        assertEquals(file.lines.get(), new HashSet<>(read).size(), "lines that are there");
        assertTrue(read.size() > file.lines.get(), "nothing came again, so this shows nothing");
    }

    private List<Line> run(Growing file, String support) throws Exception {
        int port = ServerProcess.freePort();
        int restPort = ServerProcess.freePort();
        String address = "rsocket://127.0.0.1:" + port;
        Path log = directory.resolve("worker.log");
        Path connector = Files.writeString(directory.resolve("lines.json"), """
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
        try {
            awaitLines(address, log, 1);
            for (int i = 0; i < KILLS; i++) {
                Thread.sleep(500 + random.nextInt(2_000));
                if (i % 4 == 3) {
                    server.kill();
                    server.close();
                    server = server(port);
                } else {
                    worker.kill();
                    worker.close();
                    int had = count(address);
                    worker = WorkerProcess.start(address, log, restPort, List.of());
                    awaitLines(address, log, had + 1);
                }
            }
            file.enough.set(true);
            growing.join();
            awaitLines(address, log, file.lines.get());
            return settled(address);
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

    /** The number of different lines that are there. */
    private static int count(String address) {
        return new HashSet<>(read(address)).size();
    }

    private static void awaitLines(String address, Path log, int wanted) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (count(address) < wanted) {
            if (System.nanoTime() > end) {
                throw new AssertionError(wanted + " lines are not there, but " + count(address) + "; the worker said "
                        + Files.readString(log));
            }
            Thread.sleep(200);
        }
    }

    /** What is there when nothing more comes. */
    private static List<Line> settled(String address) throws Exception {
        List<Line> before = List.of();
        for (List<Line> now = read(address); now.size() > before.size(); now = read(address)) {
            before = now;
            Thread.sleep(2_000);
        }
        return before;
    }

    /** What is there now, in the order of each partition. */
    private static List<Line> read(String address) {
        try (Levada levada = Levada.open(address)) {
            List<Line> lines = new ArrayList<>();
            for (StoredRecord record : levada.read(ReadSpec.of("lines").to(End.now()))
                    .collectList()
                    .blockOptional()
                    .orElseThrow()) {
                String number = String.valueOf(record.valueUtf8()).substring("line ".length());
                lines.add(new Line(record.partition(), Integer.parseInt(number)));
            }
            return lines;
        } catch (LevadaException e) { // there is no topic yet, or no server for the moment
            return List.of();
        }
    }
}
