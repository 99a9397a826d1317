package io.levada.testkit.contract;

import static io.levada.testkit.contract.ContractBase.fill;
import static io.levada.testkit.contract.ContractBase.get;
import static io.levada.testkit.contract.ContractBase.list;
import static io.levada.testkit.contract.ContractBase.numbers;
import static io.levada.testkit.contract.ContractBase.readNow;
import static io.levada.testkit.contract.ContractBase.records;
import static io.levada.testkit.contract.ContractBase.topic;
import static io.levada.testkit.contract.ContractBase.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.testkit.Probe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Appending records, and what is acknowledged. */
interface PublishContract extends ContractBase {
    @Test
    default void acks_come_in_the_order_of_the_records_with_offsets_that_count_up(Levada log) {
        String name = topic(log, 3);
        List<Ack> acks = list(log.publish(
                name, Flux.range(0, 3_000).map(i -> Record.ofValue("" + i).withPartition(i % 3))));

        assertEquals(3_000, acks.size());
        for (int i = 0; i < acks.size(); i++) {
            assertEquals(i % 3, acks.get(i).partition());
            assertEquals(i / 3, acks.get(i).offset());
        }
    }

    @Test
    default void what_was_acknowledged_is_there_to_be_read(Levada log) {
        String name = topic(log, 1);
        for (int i = 0; i < 10; i++) {
            Ack ack = get(log.publish(name, Record.ofValue("" + i)));
            assertEquals(i, ack.offset());
            assertEquals(numbers(0, i + 1), values(readNow(log, name)));
        }
    }

    @Test
    default void records_go_where_they_are_expected_or_not_at_all(Levada log) {
        String name = topic(log, 2);
        List<Ack> acks = list(log.publishAt(name, 1, 0, Flux.range(0, 3_000).map(i -> Record.ofValue("" + i))));
        assertEquals(3_000, acks.size());
        assertEquals(1, acks.get(2_999).partition());
        assertEquals(2_999, acks.get(2_999).offset());

        Flux<Record> late = Flux.just(Record.ofValue("late"), Record.ofValue("later"));
        LevadaException refused = Probe.all(log.publishAt(name, 1, 2_999, late)).awaitError(ErrorCode.OFFSET_MISMATCH);
        assertTrue(refused.line().contains("3000"), refused.line());
        Probe.all(log.publishAt(name, 1, 3_001, late)).awaitError(ErrorCode.OFFSET_MISMATCH);
        Probe.all(log.publishAt(name, 2, 0, late)).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        Probe.all(log.publishAt(name, 0, -1, late)).awaitError(ErrorCode.INVALID_REQUEST);
        assertEquals(3_001, list(log.publishAt(name, 1, 3_000, late)).get(1).offset());
        assertEquals(3_002, readNow(log, name).size());
    }

    @Test
    default void of_the_streams_under_one_name_only_the_last_one_publishes() {
        try (Levada log = open(LevadaOptions.defaults().withProducerName("p"))) {
            String name = topic(log, 2);
            Sinks.Many<Record> more = Sinks.many().unicast().onBackpressureBuffer();
            Probe<Ack> older = Probe.all(log.publish(name, Flux.concat(records(0, 0, 10), more.asFlux())));
            older.await(10);
            Sinks.Many<Record> evenMore = Sinks.many().unicast().onBackpressureBuffer();
            Probe<Ack> newer = Probe.all(log.publish(name, Flux.concat(records(1, 10, 15), evenMore.asFlux())));
            newer.await(5);

            more.tryEmitNext(Record.ofValue("fenced").withPartition(0)).orThrow(); // where the newer has not been yet
            older.awaitError(ErrorCode.INVALID_PRODUCER_EPOCH);
            evenMore.tryEmitNext(Record.ofValue("15").withPartition(0)).orThrow();
            evenMore.tryEmitComplete().orThrow();
            assertEquals(6, newer.awaitComplete().size());
            assertEquals(
                    16,
                    values(readNow(log, name)).stream().distinct().count(),
                    "each record once, and none of the fenced");
            assertEquals(
                    11,
                    readNow(log, name).stream()
                            .filter(record -> record.partition() == 0)
                            .count());
        }
    }

    @Test
    default void a_key_chooses_its_partition_and_keeps_its_order(Levada log) {
        String name = topic(log, 5);
        list(log.publish(name, Flux.range(0, 1_000).map(i -> Record.of("key" + i % 20, "" + i))));

        Map<String, Integer> places = new HashMap<>();
        Map<String, Integer> last = new HashMap<>();
        for (StoredRecord record : readNow(log, name)) {
            String key = String.valueOf(record.keyUtf8());
            int value = Integer.parseInt(String.valueOf(record.valueUtf8()));
            assertEquals(places.computeIfAbsent(key, k -> record.partition()), record.partition());
            assertTrue(last.getOrDefault(key, -1) < value, "out of order: " + key);
            last.put(key, value);
        }
        assertEquals(20, places.size());
        assertTrue(places.values().stream().distinct().count() > 1, "all keys in one partition");
    }

    @Test
    default void keys_values_headers_and_timestamps_come_back_as_they_were(Levada log) {
        String name = topic(log, 1);
        byte[] bytes = {0, (byte) 0xff, 7};
        List<Header> headers =
                List.of(Header.of("a", "1"), new Header("a", null), new Header("ü", bytes), Header.of("", ""));
        List<Record> records = List.of(
                Record.of((byte[]) null, null),
                Record.of(new byte[0], new byte[0]),
                Record.of(bytes, null).withTimestampMs(0),
                Record.of(null, bytes).withTimestampMs(981_173_106_789L).withHeaders(headers),
                Record.of("k", "v").withHeaders(headers));
        long before = System.currentTimeMillis();
        List<Ack> acks = list(log.publish(name, Flux.fromIterable(records)));
        long after = System.currentTimeMillis();

        List<StoredRecord> stored = readNow(log, name);
        for (int i = 0; i < records.size(); i++) {
            Record in = records.get(i);
            StoredRecord out = stored.get(i);
            assertArrayEquals(in.key(), out.key());
            assertArrayEquals(in.value(), out.value());
            assertEquals(in.headers(), out.headers());
            assertEquals(acks.get(i), new Ack(name, 0, out.offset(), out.timestampMs()));
            if (in.timestampMs() == Record.NO_TIMESTAMP) {
                assertTrue(before <= out.timestampMs() && out.timestampMs() <= after, "not the time of publishing");
            } else {
                assertEquals(in.timestampMs(), out.timestampMs());
            }
        }
    }

    @Test
    default void every_codec_comes_back_as_it_was() {
        for (Compression compression : Compression.values()) {
            try (Levada log = open(LevadaOptions.defaults().withCompression(compression))) {
                String name = topic(log, 2);
                list(log.publish(
                        name, Flux.range(0, 500).map(i -> Record.of("key" + i, "some text, again and again " + i))));
                List<String> values = new ArrayList<>(values(readNow(log, name)));
                assertEquals(500, values.size());
                assertEquals(500, values.stream().distinct().count());
                assertTrue(values.stream().allMatch(value -> value.startsWith("some text, again and again ")));
            }
        }
    }

    @Test
    default void a_record_up_to_the_limit_is_taken_and_a_larger_one_refused(Levada log) {
        String name = topic(log, 1);
        byte[] largest = new byte[(1 << 20) - 100];
        largest[12_345] = 1;

        assertEquals(0, get(log.publish(name, Record.of(null, largest))).offset());
        Probe<Ack> acks = Probe.all(log.publish(
                name, Flux.just(Record.ofValue("a"), Record.of(null, new byte[1 << 20]), Record.ofValue("b"))));
        LevadaException error = acks.awaitError(ErrorCode.MESSAGE_TOO_LARGE);
        assertTrue(error.line().contains("1048576"), error.line());
        assertEquals(1, acks.received().size());
        assertEquals(2, get(log.publish(name, Record.ofValue("c"))).offset());
        assertArrayEquals(largest, readNow(log, name).get(0).value());
    }

    @Test
    default void a_partition_that_is_not_there_is_refused_after_the_acks_before_it(Levada log) {
        String name = topic(log, 2);
        for (int wrong : new int[] {2, -2}) {
            Probe<Ack> acks = Probe.all(log.publish(
                    name, Flux.just(Record.ofValue("a"), Record.ofValue("b").withPartition(wrong))));
            acks.awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            assertEquals(1, acks.received().size());
        }
    }

    @Test
    default void an_unknown_topic_is_refused_without_asking_for_records(Levada log) {
        AtomicLong requested = new AtomicLong();
        Flux<Record> records = Flux.just(Record.ofValue("a")).hide().doOnRequest(requested::addAndGet);

        Probe.all(log.publish("nowhere", records)).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        Probe.all(log.publish("nowhere", Flux.empty())).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertEquals(0, requested.get());
    }

    @Test
    default void publishing_nothing_completes(Levada log) {
        assertEquals(List.of(), list(log.publish(topic(log, 1), Flux.empty())));
    }

    @Test
    default void upstream_is_asked_for_as_many_records_as_acks_were(Levada log) {
        String name = topic(log, 2);
        AtomicLong requested = new AtomicLong();
        Probe<Ack> acks = Probe.of(log.publish(name, records(0, 0, 1_000).hide().doOnRequest(requested::addAndGet)), 7);
        acks.await(7);
        assertEquals(7, requested.get());
        acks.more(3);
        acks.await(10);
        assertEquals(10, requested.get());
        assertEquals(numbers(0, 10), values(readNow(log, name)));
        acks.cancel();
    }

    @Test
    default void a_window_bounds_what_is_in_flight() {
        try (Levada log = open(LevadaOptions.defaults().withPublishWindowRecords(50))) {
            String name = topic(log, 3);
            AtomicLong flying = new AtomicLong();
            AtomicLong most = new AtomicLong();
            Flux<Record> records = Flux.range(0, 2_000)
                    .map(i -> Record.ofValue("" + i))
                    .doOnNext(record -> most.accumulateAndGet(flying.incrementAndGet(), Math::max));
            List<Ack> acks = list(log.publish(name, records).doOnNext(ack -> flying.decrementAndGet()));
            assertEquals(2_000, acks.size());
            assertTrue(most.get() <= 50, most + " in flight");
        }
    }

    @Test
    default void an_error_of_the_source_comes_after_the_acks_of_what_came_before(Levada log) {
        String name = topic(log, 1);
        IllegalStateException failure = new IllegalStateException("the source broke");
        Probe<Ack> acks = Probe.all(log.publish(name, Flux.concat(records(0, 0, 20), Flux.error(failure))));

        assertSame(failure, acks.awaitError());
        assertEquals(20, acks.received().size());
        assertEquals(numbers(0, 20), values(readNow(log, name)));
    }

    @Test
    default void a_cancelled_stream_leaves_the_log_as_good_as_before(Levada log) {
        String name = topic(log, 1);
        Probe<Ack> acks = Probe.all(log.publish(name, Flux.concat(records(0, 0, 10), Flux.never())));
        acks.await(10);
        acks.cancel();

        assertEquals(10, fill(log, name, 0, 10, 20).get(0).offset());
        assertEquals(numbers(0, 20), values(readNow(log, name)));
    }

    @Test
    default void streams_side_by_side_keep_each_its_own_order(Levada log) {
        String name = topic(log, 2);
        List<Probe<Ack>> streams = new ArrayList<>();
        for (int s = 0; s < 4; s++) {
            int stream = s;
            streams.add(Probe.all(log.publish(name, Flux.range(0, 500).map(i -> Record.of("s" + stream, "" + i)
                    .withPartition(i % 2)))));
        }
        streams.forEach(stream -> assertEquals(500, stream.awaitComplete().size()));

        Map<String, Integer> last = new HashMap<>();
        List<StoredRecord> stored = readNow(log, name);
        assertEquals(2_000, stored.size());
        for (StoredRecord record : stored) {
            String place = record.keyUtf8() + " " + record.partition();
            int value = Integer.parseInt(assertPresent(record.valueUtf8()));
            assertTrue(last.getOrDefault(place, -1) < value, "out of order: " + place);
            last.put(place, value);
        }
    }

    private static <T> T assertPresent(@org.jspecify.annotations.Nullable T value) {
        assertNotNull(value);
        return value;
    }
}
