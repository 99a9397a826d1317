package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.testgate.KafkaCluster;
import io.levada.testkit.Probe;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** What is done to a topic at one gateway is known at another, which is told by nobody. */
@Tag("long")
final class TwoGatewaysTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private static Path directory = Path.of("");

    private static KafkaCluster cluster;
    private static Levada one;
    private static Levada other;

    @BeforeAll
    static void start() {
        cluster = KafkaCluster.start(directory, 1, Map.of());
        one = Levada.open("kafka://" + cluster.bootstrap());
        other = Levada.open("kafka://" + cluster.bootstrap());
    }

    @AfterAll
    static void end() {
        one.close();
        other.close();
        cluster.close();
    }

    private static <T> T get(Mono<T> mono) {
        return mono.blockOptional(PATIENCE).orElseThrow();
    }

    @Test
    void readers_and_publishers_of_a_topic_that_another_deletes_are_told() {
        get(one.topics().create(TopicSpec.of("gone")));
        get(one.publish("gone", Record.ofValue("a")));
        Probe<StoredRecord> reader = Probe.all(one.read(ReadSpec.of("gone")));
        reader.await(1);

        other.topics().delete("gone").block(PATIENCE);

        LevadaException error = reader.awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertTrue(error.line().contains("gone"), error.line());
        Probe.all(one.publish("gone", Mono.just(Record.ofValue("b")))).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    void partitions_that_another_adds_are_published_to() {
        get(one.topics().create(TopicSpec.of("grown")));
        get(one.publish("grown", Record.ofValue("a")));
        get(other.topics().addPartitions("grown", 3));

        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                assertEquals(
                        0,
                        get(one.publish("grown", Record.ofValue("b").withPartition(2)))
                                .offset());
                return;
            } catch (LevadaException e) {
                assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, e.code(), e.line());
                assertTrue(System.nanoTime() < deadline, e.line());
            }
        }
    }
}
