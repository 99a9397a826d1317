package io.levada.testkit.contract;

import static io.levada.testkit.contract.ContractBase.assertFails;
import static io.levada.testkit.contract.ContractBase.fill;
import static io.levada.testkit.contract.ContractBase.get;
import static io.levada.testkit.contract.ContractBase.list;
import static io.levada.testkit.contract.ContractBase.numbers;
import static io.levada.testkit.contract.ContractBase.readNow;
import static io.levada.testkit.contract.ContractBase.run;
import static io.levada.testkit.contract.ContractBase.topic;
import static io.levada.testkit.contract.ContractBase.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.MemberEvent;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicSpec;
import io.levada.testkit.Probe;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Creation, listing, description and deletion of topics. */
interface TopicContract extends ContractBase {
    @Test
    default void a_topic_is_created_listed_described_and_deleted(Levada log) {
        String name = topic(log, 3);

        assertTrue(list(log.topics().list()).contains(name));
        TopicDescription topic = get(log.topics().describe(name));
        assertEquals(name, topic.name());
        assertEquals(
                List.of(0, 1, 2),
                topic.partitions().stream().map(PartitionDescription::partition).toList());
        assertTrue(topic.partitions().stream().allMatch(p -> p.start() == 0 && p.end() == 0 && p.durable() == 0));

        run(log.topics().delete(name));
        assertFalse(list(log.topics().list()).contains(name));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().describe(name));
    }

    @Test
    default void whoever_blocks_on_an_answer_holds_up_nothing(Levada log) {
        String name = topic(log, 1);

        TopicDescription inner =
                get(log.topics().describe(name).map(outer -> get(log.topics().describe(name))));
        assertEquals(name, inner.name());
        List<String> groups = get(
                log.groups().list().collectList().map(outer -> list(log.groups().list())));
        assertEquals(list(log.groups().list()), groups);
    }

    @Test
    default void a_description_tells_what_a_topic_holds(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 1, 0, 10);

        List<PartitionDescription> partitions = get(log.topics().describe(name)).partitions();
        assertEquals(0, partitions.get(0).durable());
        assertEquals(10, partitions.get(1).durable());
        assertEquals(10, partitions.get(1).end());
        assertEquals(0, partitions.get(1).start());
        assertTrue(partitions.get(1).bytes() > 0);
    }

    @Test
    default void a_position_is_an_offset_in_each_partition(Levada log) {
        String name = topic(log, 3);
        fill(log, name, 0, 0, 4);
        fill(log, name, 2, 0, 10);
        get(log.topics().deleteRecords(name, 2, 3));
        StoredRecord first =
                list(log.read(ReadSpec.of(name).partition(0).to(End.now()))).get(0);
        Position before = Position.time(Instant.ofEpochMilli(first.timestampMs()));
        Position behind =
                Position.time(Instant.ofEpochMilli(first.timestampMs()).plus(Duration.ofDays(1)));

        assertEquals(Map.of(0, 0L, 1, 0L, 2, 3L), get(log.topics().offsets(name, null, Position.earliest())));
        assertEquals(Map.of(0, 4L, 1, 0L, 2, 10L), get(log.topics().offsets(name, null, Position.latest())));
        assertEquals(0, get(log.topics().offsets(name, 0, before)).get(0));
        assertEquals(Map.of(0, 4L, 1, 0L, 2, 10L), get(log.topics().offsets(name, null, behind)));
        assertEquals(Map.of(2, 5L), get(log.topics().offsets(name, 2, Position.offset(5))));
        assertFails(ErrorCode.OFFSET_OUT_OF_RANGE, log.topics().offsets(name, null, Position.offset(5)));
        assertFails(ErrorCode.INVALID_REQUEST, log.topics().offsets(name, null, Position.committed()));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().offsets(name, 3, Position.latest()));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().offsets("nowhere", null, Position.latest()));
    }

    @Test
    default void a_list_is_in_order_and_without_internal_topics() {
        try (Levada log = open(LevadaOptions.defaults())) {
            for (String name : List.of("b", "a-1", "B", "a.1")) {
                get(log.topics().create(TopicSpec.of(name)));
            }
            try (TestMember member = TestMember.join(log, "g", "a-1")) {
                member.await(MemberEvent.Joined.class); // by now groups keep their own topic
            }
            assertEquals(List.of("B", "a-1", "a.1", "b"), list(log.topics().list()));
        }
    }

    @Test
    default void a_name_in_use_is_refused(Levada log) {
        String name = topic(log, 1);

        assertFails(ErrorCode.TOPIC_ALREADY_EXISTS, log.topics().create(TopicSpec.of(name)));
    }

    @Test
    default void what_is_no_topic_is_refused(Levada log) {
        for (String name : List.of("", ".", "..", "a/b", "a b", "ä", "__mine", "x".repeat(201))) {
            assertFails(ErrorCode.INVALID_TOPIC_EXCEPTION, log.topics().create(TopicSpec.of(name)));
        }
        for (int partitions : new int[] {-1, 0, TopicSpec.MAX_PARTITIONS + 1}) {
            assertFails(
                    ErrorCode.INVALID_PARTITIONS,
                    log.topics().create(TopicSpec.of("many").partitions(partitions)));
        }
    }

    @Test
    default void an_unknown_topic_is_said_to_be_unknown(Levada log) {
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().describe("nowhere"));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().delete("nowhere"));
        LevadaException error =
                Probe.all(log.read(ReadSpec.of("nowhere"))).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertTrue(error.line().contains("nowhere"), error.line());
    }

    @Test
    default void settings_are_described_and_changed_while_in_use(Levada log) {
        String name = topic(log, 1);
        assertEquals("604800000", get(log.topics().describe(name)).config().get("retention.ms"));

        TopicDescription altered =
                get(log.topics().alter(name, Map.of("retention.ms", "-1", "segment.bytes", "65536")));
        assertEquals("-1", altered.config().get("retention.ms"));
        assertEquals(altered.config(), get(log.topics().describe(name)).config());
        assertEquals("65536", altered.config().get("segment.bytes"));

        LevadaException error =
                assertFails(ErrorCode.INVALID_CONFIG, log.topics().alter(name, Map.of("retention.ms", "a while")));
        assertTrue(error.line().contains("retention.ms"), error.line());
        assertFails(ErrorCode.INVALID_CONFIG, log.topics().alter(name, Map.of("colour", "red")));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().alter("nowhere", Map.of()));
        assertEquals(altered.config(), get(log.topics().describe(name)).config());
    }

    @Test
    default void records_before_an_offset_are_deleted_and_the_rest_is_read(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 1, 0, 10);

        assertEquals(4L, get(log.topics().deleteRecords(name, 1, 4)));
        assertEquals(4L, get(log.topics().deleteRecords(name, 1, 2)));
        assertEquals(4, get(log.topics().describe(name)).partitions().get(1).start());
        assertEquals(numbers(4, 10), values(readNow(log, name)));
        assertFails(ErrorCode.OFFSET_OUT_OF_RANGE, log.topics().deleteRecords(name, 1, 11));
        assertFails(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, log.topics().deleteRecords(name, 2, 0));
    }

    @Test
    default void a_compacted_topic_takes_no_record_without_a_key(Levada log) {
        String name = topic(log, 1);
        get(log.topics().alter(name, Map.of("cleanup.policy", "compact")));

        LevadaException error = assertFails(ErrorCode.INVALID_REQUEST, log.publish(name, Record.ofValue("value")));
        assertTrue(error.line().contains("key"), error.line());
        assertEquals(0, get(log.publish(name, Record.of("key", "value"))).offset());
    }

    @Test
    default void deleting_a_topic_ends_its_readers(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 0, 0, 1);
        Probe<StoredRecord> reader = Probe.all(log.read(ReadSpec.of(name)));
        reader.await(1);

        run(log.topics().delete(name));
        reader.awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    default void a_topic_created_anew_is_another_one(Levada log) {
        String name = topic(log, 1);
        fill(log, name, 0, 0, 5);
        TopicDescription before = get(log.topics().describe(name));
        run(log.topics().delete(name));
        get(log.topics().create(TopicSpec.of(name)));

        assertEquals(List.of(), readNow(log, name));
        assertEquals(before.logId(), get(log.topics().describe(name)).logId());
        assertNotEquals(before.id(), get(log.topics().describe(name)).id());
        assertEquals(0, fill(log, name, 0, 0, 1).get(0).offset());
    }
}
