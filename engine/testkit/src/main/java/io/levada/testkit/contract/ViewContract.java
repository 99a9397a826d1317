package io.levada.testkit.contract;

import static io.levada.testkit.contract.ContractBase.assertFails;
import static io.levada.testkit.contract.ContractBase.fill;
import static io.levada.testkit.contract.ContractBase.get;
import static io.levada.testkit.contract.ContractBase.group;
import static io.levada.testkit.contract.ContractBase.list;
import static io.levada.testkit.contract.ContractBase.numbers;
import static io.levada.testkit.contract.ContractBase.topic;
import static io.levada.testkit.contract.ContractBase.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.BlockingConsumer;
import io.levada.BlockingLevada;
import io.levada.BlockingRecords;
import io.levada.Codecs;
import io.levada.Delivery;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.TypedTopic;
import io.levada.testkit.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;

/** The same log for callers that block, through Flow, and as values of types. */
interface ViewContract extends ContractBase {
    /** A value with fields, for the JSON codec. */
    record Flight(String origin, int delay) {}

    @Test
    default void blocking_callers_administer_publish_and_read(Levada log) {
        BlockingLevada blocking = log.blocking();
        String name = "t-" + UUID.randomUUID();

        assertEquals(
                2,
                blocking.createTopic(TopicSpec.of(name).partitions(2))
                        .partitions()
                        .size());
        assertTrue(blocking.topics().contains(name));
        Ack first = blocking.publish(name, Record.ofValue("0").withPartition(1));
        assertEquals(0, first.offset());
        List<Record> more = numbers(1, 600).stream()
                .map(v -> Record.ofValue(v).withPartition(1))
                .toList();
        assertEquals(599, blocking.publish(name, more).size());
        List<StoredRecord> records = new ArrayList<>();
        try (BlockingRecords reading = blocking.read(ReadSpec.of(name).to(End.now()))) {
            reading.forEach(records::add);
        }
        assertEquals(numbers(0, 600), values(records));
        try (BlockingRecords endless = blocking.read(ReadSpec.of(name))) {
            assertEquals(3, endless.stream().limit(3).count());
        }
        blocking.deleteTopic(name);
        LevadaException error = assertThrows(LevadaException.class, () -> blocking.describeTopic(name));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error.code());
    }

    @Test
    default void blocking_consumers_poll_what_their_group_has_not_committed(Levada log) {
        String name = topic(log, 2);
        String group = group();
        fill(log, name, 0, 0, 100);
        fill(log, name, 1, 100, 200);
        BlockingLevada blocking = log.blocking();

        assertEquals(200, pollAndAck(blocking, group, name, 200).size());
        fill(log, name, 1, 200, 210);
        assertEquals(numbers(200, 210), pollAndAck(blocking, group, name, 10));
        assertTrue(blocking.groups().contains(group));
        assertEquals(group, blocking.describeGroup(group).group());
    }

    private static List<String> pollAndAck(BlockingLevada log, String group, String topic, int count) {
        List<String> values = new ArrayList<>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (BlockingConsumer consumer = log.consumer(group, topic)) {
            while (values.size() < count) {
                assertTrue(System.nanoTime() < deadline, "only " + values);
                for (Delivery delivery : consumer.poll(PATIENCE)) {
                    values.add(String.valueOf(delivery.record().valueUtf8()));
                    delivery.ack();
                }
            }
        }
        return values;
    }

    @Test
    default void flow_publishers_publish_read_and_receive(Levada log) {
        String name = topic(log, 1);
        Flux<Record> records = Flux.range(0, 100).map(i -> Record.ofValue("" + i));
        List<Ack> acks = list(JdkFlowAdapter.flowPublisherToFlux(
                log.flow().publish(name, JdkFlowAdapter.publisherToFlowPublisher(records))));
        assertEquals(100, acks.size());
        assertEquals(
                numbers(0, 100),
                values(list(JdkFlowAdapter.flowPublisherToFlux(
                        log.flow().read(ReadSpec.of(name).to(End.now()))))));
        Probe<Delivery> deliveries =
                Probe.of(JdkFlowAdapter.flowPublisherToFlux(log.flow().receive(group(), name)), 5);
        assertEquals(5, deliveries.await(5).size());
        deliveries.cancel();
    }

    @Test
    default void typed_topics_encode_and_decode(Levada log) {
        TypedTopic<String, Flight> flights = log.typed(topic(log, 2), Codecs.utf8(), Codecs.json(Flight.class));
        List<Flight> in = List.of(new Flight("LIS", 3), new Flight("FNC", -5), new Flight("OPO", 0));
        list(flights.publish(Flux.fromIterable(in).map(f -> new TypedTopic.Entry<>(f.origin(), f))));
        get(flights.publish("LIS", null));

        List<TypedTopic.Stored<String, Flight>> out = list(flights.read(Position.earliest(), End.now()));
        assertEquals(4, out.size());
        for (TypedTopic.Stored<String, Flight> stored : out) {
            Flight flight = stored.value();
            assertTrue(
                    flight == null
                            ? "LIS".equals(stored.key())
                            : flight.origin().equals(stored.key()));
            assertTrue(flight == null || in.contains(flight));
        }
        Probe<TypedTopic.Received<String, Flight>> received = Probe.of(flights.receive(group()), 4);
        received.await(4).forEach(TypedTopic.Received::ack);
        received.cancel();
    }

    @Test
    default void what_a_codec_cannot_read_ends_its_stream(Levada log) {
        String name = topic(log, 1);
        get(log.publish(name, Record.of(null, new byte[] {(byte) 0xff})));
        TypedTopic<String, String> texts = log.typed(name, Codecs.utf8(), Codecs.utf8());

        assertFails(
                ErrorCode.CORRUPT_MESSAGE,
                texts.read(Position.earliest(), End.now()).collectList());
        assertFails(ErrorCode.INVALID_REQUEST, texts.publish("k", "\ud800"));
    }
}
