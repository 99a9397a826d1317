package io.levada.log;

import io.levada.Compression;
import io.levada.env.DiskFile;
import io.levada.env.Env;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Makes a store of the present format, to be kept for good once that is released: {@code store.zip}, and beside it, in
 * {@code contents.txt}, what is to be read from it. {@link FormatsTest} opens it ever after.
 *
 * <p>It was made on a simulated disk, by {@link #main} with the directory {@code src/test/resources/format-1}, in two lives.
 * The first one fills topics of each kind, with producers' sequences and all codecs, compacts, deletes a beginning, and
 * ends cleanly. The second one appends more and is killed, so that its journal is needed. What both acknowledged is
 * checked against what is written down here.
 */
final class FormatSample {
    static final LogConfig CONFIG = LogWorkload.CONFIG.withJournal(64 << 10, 2).withReserveBytes(4 << 10);

    /** Of all batches of the topic {@code plain}. */
    static final long PRODUCER = 7;

    static final short EPOCH = 3;

    /** Behind the last of its sequences. */
    static final int SEQUENCES = 72;

    /** Below this offset nothing is left of the topic {@code plain}'s first partition. */
    static final long DELETED = 5;

    private static final List<Compression> CODECS = List.of(Compression.values());

    private final SimRandomness random = new SimRandomness(1);
    private final Map<String, TreeMap<Long, String>> acknowledged = new TreeMap<>();
    private SimScheduler scheduler = new SimScheduler(random);
    private SimDisk disk = new SimDisk(scheduler, random);
    private int time;

    private FormatSample() {}

    public static void main(String[] arguments) throws IOException {
        FormatSample sample = new FormatSample();
        sample.live();
        sample.restart();
        Path directory = Files.createDirectories(Path.of(arguments[0]));
        try (OutputStream out = Files.newOutputStream(directory.resolve("store.zip"));
                ZipOutputStream zip = new ZipOutputStream(out)) {
            sample.pack("", zip);
        }
        LogStore store = sample.open();
        List<String> contents = contents(store);
        sample.check(contents);
        Files.write(directory.resolve("contents.txt"), contents);
        store.close();
    }

    private LogStore open() {
        return LogStore.open(new Env(disk, scheduler.clock(), random, scheduler), CONFIG);
    }

    private void live() {
        LogStore store = open();
        store.createTopic("plain", 2, Map.of("retention.ms", "-1", "segment.bytes", "4096"));
        store.createTopic("unforced", 1, Map.of("retention.ms", "-1", "durability", "os"));
        store.createTopic("compacted", 1, compacted(Duration.ofSeconds(30)));
        store.createTopic("deleted", 1, Map.of());
        fill(store, 0, 30);
        scheduler.advance(Duration.ofMinutes(5)); // compacts
        store.alterTopic("compacted", compacted(Duration.ofDays(36_500)));
        store.deleteRecords("plain", 0, DELETED);
        store.deleteTopic("deleted");
        store.close();
        restart();
        fill(open(), 30, SEQUENCES / 2);
    }

    private static Map<String, String> compacted(Duration lag) {
        return Map.of(
                "cleanup.policy",
                "compact",
                "segment.bytes",
                "4096",
                "max.compaction.lag.ms",
                Long.toString(lag.toMillis()),
                "delete.retention.ms",
                Long.toString(Duration.ofDays(36_500).toMillis()));
    }

    /** Ends a life with what stands in files then, and begins another one. */
    private void restart() {
        scheduler.crash();
        scheduler.close();
        SimScheduler next = new SimScheduler(random, scheduler.clock().afterStop(Duration.ofMinutes(1)));
        disk = disk.afterCrash(next, random, CrashStyle.KEEP);
        scheduler = next;
    }

    private void fill(LogStore store, int from, int to) {
        for (int i = from; i < to; i++) {
            Compression codec = CODECS.get(i % CODECS.size());
            for (PartitionLog log : partitions(store, "plain")) {
                ByteBuf batch = Batches.ofTexts(codec, List.of(text(), text()));
                RecordBatch.setProducer(batch, PRODUCER, EPOCH, 2 * i);
                append("plain " + log.partition(), log, batch);
            }
            append("unforced 0", partitions(store, "unforced").get(0), Batches.ofTexts(codec, List.of(text(), text())));
            String keyed = new Keyed(++time, "k" + i % 4, i % 8 == 3 ? null : "v" + i + "x".repeat(300)).text();
            String alone = new Keyed(++time, "only-" + i / 10, "v").text();
            append("compacted 0", partitions(store, "compacted").get(0), Batches.ofTexts(codec, List.of(keyed, alone)));
        }
    }

    private String text() {
        return ++time + " is the time of this record" + ".".repeat(time % 7 * 20);
    }

    private static List<PartitionLog> partitions(LogStore store, String topic) {
        return Objects.requireNonNull(store.topic(topic)).partitions();
    }

    private void append(String name, PartitionLog log, ByteBuf batch) {
        List<Batches.Read> records = new ArrayList<>();
        Batches.decode(batch, 0, records);
        CompletableFuture<Long> durable = new CompletableFuture<>();
        log.append(batch, (offset, error) -> {
            if (error == null) {
                durable.complete(offset);
            } else {
                durable.completeExceptionally(error);
            }
        });
        long first = scheduler.await(durable);
        records.forEach(record -> acknowledged
                .computeIfAbsent(name, key -> new TreeMap<>())
                .put(first + record.offset(), record.value()));
    }

    private void pack(String path, ZipOutputStream zip) throws IOException {
        for (String name : disk.list(path)) {
            String inside = path.isEmpty() ? name : path + "/" + name;
            long size = disk.size(inside);
            if (size < 0) {
                pack(inside, zip);
                continue;
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            try (DiskFile file = disk.open(inside, false)) {
                file.read(0, bytes);
            }
            ZipEntry entry = new ZipEntry(inside);
            entry.setTime(0); // the same each time
            zip.putNextEntry(entry);
            zip.write(bytes.array());
        }
    }

    /** All records of a store, a line each: topic, partition, offset, what is in it. */
    static List<String> contents(LogStore store) {
        List<String> lines = new ArrayList<>();
        for (Topic topic : store.topics()) {
            for (PartitionLog log : topic.partitions()) {
                String name = topic.name() + " " + log.partition();
                Batches.readAll(log, log.start(), 1 << 10)
                        .forEach(record -> lines.add(name + " " + record.offset() + " " + record.value()));
            }
        }
        return lines;
    }

    /** What is read was acknowledged, nothing is missing but what was deleted or superseded, and some of that is. */
    private void check(List<String> contents) {
        List<String> kept = new ArrayList<>();
        List<String> superseded = new ArrayList<>();
        acknowledged.forEach((name, records) -> {
            TreeMap<String, Long> latest = new TreeMap<>();
            records.forEach((offset, text) -> latest.put(key(text), offset));
            records.tailMap(name.equals("plain 0") ? DELETED : 0L).forEach((offset, text) -> {
                List<String> lines = Objects.equals(latest.get(key(text)), offset) ? kept : superseded;
                lines.add(name + " " + offset + " " + text);
            });
        });
        List<String> rest = new ArrayList<>(contents);
        boolean right = contents.containsAll(kept) && rest.removeAll(kept) && superseded.containsAll(rest);
        if (!right || rest.size() == superseded.size()) {
            throw new AssertionError("read " + contents.size() + " records instead of " + kept.size() + ", and "
                    + rest.size() + " of " + superseded.size() + " that need not be there");
        }
    }

    private static String key(String text) {
        Keyed keyed = Keyed.of(text);
        return keyed == null ? text : keyed.key();
    }
}
