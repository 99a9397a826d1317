package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import io.levada.env.RealDisk;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.log.LogVerifier.Finding;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that were written by releases are opened, read and written on; {@link FormatSample} says how they were made. */
class FormatsTest {
    @TempDir
    Path directory;

    private final SimRandomness random = new SimRandomness(2);
    private SimScheduler scheduler = new SimScheduler(random);

    @BeforeEach
    void unpack() throws IOException {
        try (ZipInputStream zip = new ZipInputStream(resource("format-1/store.zip"))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path file = directory.resolve(entry.getName());
                Files.createDirectories(Objects.requireNonNull(file.getParent()));
                Files.copy(zip, file);
            }
        }
    }

    @AfterEach
    void end() {
        scheduler.close();
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(FormatsTest.class.getResourceAsStream("/" + name), name);
    }

    private static List<String> contents() throws IOException {
        try (InputStream in = resource("format-1/contents.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    /** Opens it a day later than the life before, with nothing that depends on the machine's time. */
    private LogStore open() throws IOException {
        scheduler.close();
        scheduler = new SimScheduler(random, scheduler.clock().afterStop(Duration.ofDays(1)));
        return LogStore.open(
                new Env(RealDisk.at(directory), scheduler.clock(), random, scheduler), FormatSample.CONFIG);
    }

    private long append(PartitionLog log, ByteBuf batch) {
        CompletableFuture<Long> durable = new CompletableFuture<>();
        log.append(batch, (offset, error) -> {
            if (error == null) {
                durable.complete(offset);
            } else {
                durable.completeExceptionally(error);
            }
        });
        return scheduler.await(durable);
    }

    private static ByteBuf numbered(int sequence) {
        ByteBuf batch = Batches.ofTexts(Compression.NONE, List.of("1 later", "2 later"));
        RecordBatch.setProducer(batch, FormatSample.PRODUCER, FormatSample.EPOCH, sequence);
        return batch;
    }

    @Test
    void a_store_of_format_1_that_was_killed_is_read_and_written_on() throws IOException {
        List<String> expected = new ArrayList<>(contents());
        assertTrue(expected.size() > 200, expected.size() + " records");
        LogStore store = open();
        assertEquals(expected, FormatSample.contents(store));
        assertEquals(List.of(), store.health());
        for (PartitionLog log : Objects.requireNonNull(store.topic("plain")).partitions()) {
            long end = log.durable();
            assertEquals(end - 2, append(log, numbered(FormatSample.SEQUENCES - 2)), "a repeat");
            assertEquals(end, append(log, numbered(FormatSample.SEQUENCES)));
            String name = "plain " + log.partition() + " ";
            int last = expected.lastIndexOf(expected.stream()
                    .filter(line -> line.startsWith(name + (end - 1) + " "))
                    .findFirst()
                    .orElseThrow());
            expected.addAll(last + 1, List.of(name + end + " 1 later", name + (end + 1) + " 2 later"));
        }
        store.close();

        store = open();

        assertEquals(expected, FormatSample.contents(store));
        assertEquals(
                FormatSample.DELETED,
                Objects.requireNonNull(store.topic("plain")).partitions().get(0).start());
        store.close();
    }

    @Test
    void a_store_of_format_1_is_whole_before_it_is_opened_and_after() throws IOException {
        List<Finding> findings = new ArrayList<>();
        assertTrue(LogVerifier.verify(directory, findings::add).batches() > 100);
        open().close();
        LogVerifier.verify(directory, findings::add);
        assertEquals(List.of(), findings);
    }

    @Test
    void a_store_of_a_later_format_is_refused_and_not_touched() throws IOException {
        Path store = directory.resolve(Layout.STORE);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(store));
        assertEquals(1, bytes.getInt(4));
        bytes.putInt(4, CheckedFile.FORMAT + 1);
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(0, 20));
        crc.update(bytes.slice(24, bytes.limit() - 24));
        bytes.putInt(20, (int) crc.getValue());
        Files.write(store, bytes.array());
        Map<Path, byte[]> before = files();
        LevadaException refusal = assertThrows(LevadaException.class, this::open);
        assertEquals(ErrorCode.UNSUPPORTED_VERSION, refusal.code());
        Map<Path, byte[]> after = files();
        assertEquals(before.keySet(), after.keySet());
        before.forEach((path, content) -> assertArrayEquals(content, after.get(path), path.toString()));
    }

    /** All files with what is in them, and all directories. */
    private Map<Path, byte[]> files() throws IOException {
        Map<Path, byte[]> found = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.toList()) {
                found.put(path, Files.isDirectory(path) ? new byte[0] : Files.readAllBytes(path));
            }
        }
        return found;
    }
}
