package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Header;
import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicSpec;
import io.levada.main.Main;
import io.levada.testgate.KafkaCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/**
 * Moving house: ten topics go from a log on disk to a cluster and back into another log, by a program that is killed on each way,
 * and are compared by the program itself, record for record, and by their checksums from one end to the other.
 */
@Tag("trial")
class ClusterCopyTrial {
    private static final int TOPICS = 10;
    private static final int PARTITIONS = 2;
    private static final long PATIENCE_SECONDS = 300;

    @TempDir
    private Path directory = Path.of("");

    @Test
    void topics_move_to_a_cluster_and_back_whatever_kills_the_mover() throws Exception {
        int each = Sizes.copied() / TOPICS;
        String old = "file:" + directory.resolve("old");
        String anew = "file:" + directory.resolve("anew");
        fill(old, each);
        try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("cluster"), 1, Map.of())) {
            String there = "kafka://" + cluster.bootstrap();
            String first = move(old, there, each);
            String back = move(there, anew, each);
            assertEquals(first, back, "what was compared on both ways");
        }
    }

    private static void fill(String address, int each) {
        try (Levada log = Levada.open(address)) {
            for (int topic = 0; topic < TOPICS; topic++) {
                log.blocking()
                        .createTopic(
                                TopicSpec.of("t" + topic).partitions(PARTITIONS).config(Map.of("retention.ms", "-1")));
                log.publish("t" + topic, Flux.range(0, each).map(ClusterCopyTrial::record))
                        .blockLast(Duration.ofSeconds(PATIENCE_SECONDS));
            }
            log.group("g")
                    .subscribe("t0")
                    .concatMap(assignment ->
                            assignment.commit(each / 4, "a quarter").thenReturn(assignment))
                    .take(PARTITIONS)
                    .blockLast(Duration.ofSeconds(30));
        }
    }

    private static Record record(int number) {
        return Record.of(
                        number % 7 == 0 ? null : "key " + number % 1_000,
                        "value " + number + ", some bytes more than that")
                .withHeaders(number % 3 == 0 ? List.of() : List.of(Header.of("h", "" + number), new Header("h", null)))
                .withTimestampMs(1_700_000_000_000L + number)
                .withPartition(number % PARTITIONS);
    }

    /** Moves all of it, killed once on the way; gives the checksums that it compared. */
    private String move(String from, String to, int each) throws Exception {
        Process killed = copy(from, to);
        boolean begun = awaitSome(killed, to, each);
        killed.destroyForcibly().onExit().join();
        System.out.println("killed on the way from " + from + ": " + (begun ? "with a part copied" : "too late"));
        assertTrue(begun, "it was not killed while it copied");
        Process whole = copy(from, to);
        assertTrue(whole.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "copying takes too long");
        String said = Files.readString(log(), StandardCharsets.UTF_8);
        assertEquals(0, whole.exitValue(), said);
        String out = Files.readString(out(), StandardCharsets.UTF_8);
        assertTrue(out.contains("\"groups\":1"), out);
        assertTrue(out.contains("\"sameOffsets\":true") && !out.contains("\"sameOffsets\":false"), out);
        return out.replaceAll("\"copied\":\\d+", "");
    }

    /** Waits until a part of the records is at the target, and not all of them; a log on disk is open elsewhere, and can only be waited for. */
    private static boolean awaitSome(Process process, String to, int each) throws InterruptedException {
        if (to.startsWith("file:")) {
            TimeUnit.MILLISECONDS.sleep(4_000);
            return process.isAlive();
        }
        try (Levada log = Levada.open(to)) {
            long all = (long) TOPICS * each;
            while (process.isAlive()) {
                long some = log.topics()
                        .list()
                        .concatMap(name -> log.topics().describe(name))
                        .map(topic -> topic.partitions().stream()
                                .mapToLong(PartitionDescription::durable)
                                .sum())
                        .reduce(0L, Long::sum)
                        .blockOptional(Duration.ofSeconds(20))
                        .orElse(0L);
                if (some > all / 10) {
                    return some < all;
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
            return false;
        }
    }

    private Path log() {
        return directory.resolve("copy.log");
    }

    private Path out() {
        return directory.resolve("copy.out");
    }

    private Process copy(String from, String to) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "copy",
                "--from",
                from,
                "--to",
                to,
                "--output",
                "json"));
        return new ProcessBuilder(command)
                .redirectError(log().toFile())
                .redirectOutput(out().toFile())
                .start();
    }
}
