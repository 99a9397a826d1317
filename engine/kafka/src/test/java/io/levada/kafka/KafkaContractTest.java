package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.Record;
import io.levada.TopicDescription;
import io.levada.TopicSpec;
import io.levada.facade.EngineLevada;
import io.levada.testgate.KafkaCluster;
import io.levada.testkit.Probe;
import io.levada.testkit.contract.LevadaContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** What holds for every address holds on a cluster, but for what it cannot do. */
@Tag("long")
final class KafkaContractTest implements LevadaContract {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir
    private static Path directory = Path.of("");

    private static KafkaCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = KafkaCluster.start(directory, 1, Map.of());
    }

    @AfterAll
    static void endCluster() {
        cluster.close();
    }

    @Override
    public Levada open(LevadaOptions options) {
        String address = "kafka://" + cluster.bootstrap();
        return new EngineLevada(address, KafkaEngine.open(address), options);
    }

    /** A producer's name fences nobody. */
    @Override
    @Test
    public void of_the_streams_under_one_name_only_the_last_one_publishes() {
        try (Levada log = open(LevadaOptions.defaults().withProducerName("p"))) {
            String topic = topic(log);
            Probe.all(log.publish(topic, Flux.just(Record.ofValue("a")))).awaitError(ErrorCode.UNSUPPORTED_VERSION);
        }
    }

    /** Nobody can say where records are to come to stand. */
    @Override
    @Test
    public void records_go_where_they_are_expected_or_not_at_all(Levada log) {
        LevadaException refused = Probe.all(log.publishAt(topic(log), 0, 0, Flux.just(Record.ofValue("a"))))
                .awaitError(ErrorCode.UNSUPPORTED_VERSION);
        assertTrue(refused.line().contains("cluster"), refused.line());
    }

    /** A group is moved only without members. */
    @Override
    @Test
    public void a_group_is_moved_while_its_members_are_active_and_goes_on_from_there(Levada log) {
        String topic = topic(log);
        log.publish(topic, Record.ofValue("a")).block(PATIENCE);
        Probe<Delivery> member = Probe.all(log.group("moved").receive(topic));
        member.await(1).get(0).ack();
        LevadaException refused = assertThrows(
                LevadaException.class,
                () -> log.groups().reset("moved", topic, 0, Position.earliest()).block(PATIENCE));
        assertEquals(ErrorCode.NON_EMPTY_GROUP, refused.code(), refused.line());
        member.cancel();
    }

    /** A segment has 1 MiB at least. */
    @Override
    @Test
    public void settings_are_described_and_changed_while_in_use(Levada log) {
        String topic = topic(log);
        TopicDescription altered = log.topics()
                .alter(topic, Map.of("retention.ms", "-1", "segment.bytes", "1048576"))
                .block(PATIENCE);
        assertEquals("-1", altered == null ? "" : altered.config().get("retention.ms"));
        for (Map<String, String> wrong :
                List.of(Map.of("retention.ms", "a while"), Map.of("colour", "red"), Map.of("durability", "os"))) {
            LevadaException error = assertThrows(
                    LevadaException.class,
                    () -> log.topics().alter(topic, wrong).block(PATIENCE));
            assertEquals(ErrorCode.INVALID_CONFIG, error.code(), error.line());
        }
        assertEquals(altered, log.topics().describe(topic).block(PATIENCE));
    }

    /** The log is not its own: what others made is there too. */
    @Override
    @Test
    public void a_list_is_in_order_and_without_internal_topics() {
        try (Levada log = open(LevadaOptions.defaults())) {
            for (String name : List.of("b", "a-1", "B", "a.1")) {
                log.topics().create(TopicSpec.of(name)).block(PATIENCE);
            }
            List<String> names = log.topics().list().collectList().block(PATIENCE);
            assertEquals(
                    List.of("B", "a-1", "a.1", "b"),
                    names == null
                            ? List.of()
                            : names.stream()
                                    .filter(name -> name.length() < 4 || name.startsWith("_"))
                                    .toList());
        }
    }

    private static String topic(Levada log) {
        String name = "k-" + UUID.randomUUID();
        log.topics().create(TopicSpec.of(name)).block(PATIENCE);
        return name;
    }
}
