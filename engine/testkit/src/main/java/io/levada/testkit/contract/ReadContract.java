package io.levada.testkit.contract;

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
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Dropped;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.Header;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Match;
import io.levada.Overflow;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.Token;
import io.levada.TopicSpec;
import io.levada.testkit.Probe;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Reading without a group: positions, ends, tokens, the live tail, and demand. */
interface ReadContract extends ContractBase {
    @Test
    default void positions_and_ends_bound_what_is_read(Levada log) {
        String name = topic(log, 1);
        fill(log, name, 0, 0, 100);
        ReadSpec spec = ReadSpec.of(name);

        assertEquals(numbers(0, 100), read(log, spec.to(End.now())));
        assertEquals(numbers(40, 100), read(log, spec.from(Position.offset(40)).to(End.now())));
        assertEquals(numbers(40, 60), read(log, spec.from(Position.offset(40)).to(End.offset(60))));
        assertEquals(numbers(0, 1), read(log, spec.to(End.offset(1))));
        assertEquals(List.of(), read(log, spec.to(End.offset(0))));
        assertEquals(List.of(), read(log, spec.from(Position.offset(100)).to(End.now())));
        assertEquals(List.of(), read(log, spec.from(Position.latest()).to(End.now())));
    }

    @Test
    default void a_filter_leaves_out_what_is_not_wanted_before_it_costs_demand(Levada log) {
        String name = topic(log, 1);
        list(log.publish(name, Flux.range(0, 1_000).map(i -> Record.of("k" + i % 100, "" + i)
                .withHeaders(List.of(Header.of("kind", i % 2 == 0 ? "even" : "odd"))))));
        ReadSpec spec = ReadSpec.of(name).to(End.now());

        List<String> sevens =
                IntStream.range(0, 10).mapToObj(i -> "" + (i * 100 + 7)).toList();
        assertEquals(sevens, read(log, spec.filter(Filter.byKey(Match.is("k7")))));
        Filter both = Filter.byKey(Match.prefix("k9")).withHeader("kind", Match.is("even"));
        assertEquals(50, read(log, spec.filter(both)).size());
        assertEquals(List.of(), read(log, spec.filter(Filter.byHeader("none", Match.prefix("")))));

        Probe<StoredRecord> three = Probe.of(log.read(spec.filter(Filter.byKey(Match.is("k7")))), 3);
        three.await(3);
        assertEquals(sevens.subList(0, 3), values(three.received()));
        three.more(7);
        three.awaitComplete();
        Probe.all(log.read(spec.filter(Filter.byKey(new Match.AnyOf(Set.of())))))
                .awaitError(ErrorCode.INVALID_REQUEST);
    }

    @Test
    default void what_comes_without_demand_is_left_out_as_the_reader_chose(Levada log) throws InterruptedException {
        String name = topic(log, 1);
        BlockingQueue<Dropped> dropped = new LinkedBlockingQueue<>();
        ReadSpec spec = ReadSpec.of(name);
        list(log.publish(name, keyed(0, 100)));
        Probe<StoredRecord> paused = Probe.of(log.read(spec), 1);
        Probe<StoredRecord> latest = Probe.of(log.read(spec.overflow(Overflow.latest())), 1);
        Probe<StoredRecord> conflated = Probe.of(log.read(spec.overflow(Overflow.conflate())), 1);
        Probe<StoredRecord> dropping = Probe.of(log.read(spec.overflow(Overflow.drop(dropped::add))), 1);
        List<Probe<StoredRecord>> all = List.of(paused, latest, conflated, dropping);
        all.forEach(probe -> probe.await(1));

        latest.more(1);
        latest.await(2);
        conflated.more(3);
        conflated.await(4);
        list(log.publish(name, keyed(100, 105)));
        all.forEach(probe -> probe.more(1_000));

        assertEquals(numbers(0, 105), values(paused.await(105)));
        assertEquals(List.of("0", "99", "104"), values(latest.await(3)));
        assertEquals(Stream.concat(Stream.of("0"), numbers(90, 105).stream()).toList(), values(conflated.await(16)));
        Dropped gap = Objects.requireNonNull(dropped.poll(10, TimeUnit.SECONDS), "nothing was dropped");
        list(log.publish(name, keyed(105, 106)));
        assertEquals(List.of("0", "105"), values(dropping.await(2)));
        assertEquals(new Dropped(name, 0, 1, 105), gap);
        assertEquals(numbers(1, 105), read(log, gap.again()));
        assertTrue(dropped.isEmpty());
        all.forEach(Probe::cancel);
    }

    @Test
    default void a_reader_that_is_to_be_disconnected_is_told_so(Levada log) {
        String name = topic(log, 1);
        fill(log, name, 0, 0, 100);
        ReadSpec spec = ReadSpec.of(name).overflow(Overflow.disconnect().maxLag(100));
        Probe<StoredRecord> slow = Probe.of(log.read(spec), 1);
        Probe<StoredRecord> fast = Probe.all(log.read(spec));
        slow.await(1);
        fill(log, name, 0, 100, 102);

        slow.awaitError(ErrorCode.SLOW_CONSUMER);
        assertEquals(numbers(0, 102), values(fast.await(102)));
        fast.cancel();
    }

    /** Records with their number as value and its last digit as key. */
    private static Flux<Record> keyed(int from, int to) {
        return Flux.range(from, to - from).map(i -> Record.of("k" + i % 10, "" + i));
    }

    @Test
    default void times_bound_what_is_read(Levada log) {
        String name = topic(log, 1);
        list(log.publish(name, Flux.range(0, 50).map(i -> Record.ofValue("" + i).withTimestampMs(1_000L + i * 10L))));
        ReadSpec spec = ReadSpec.of(name);

        assertEquals(numbers(20, 50), read(log, spec.from(at(1_200)).to(End.now())));
        assertEquals(numbers(21, 50), read(log, spec.from(at(1_201)).to(End.now())));
        assertEquals(numbers(0, 50), read(log, spec.from(at(0)).to(End.now())));
        assertEquals(List.of(), read(log, spec.from(at(9_999)).to(End.now())));
        assertEquals(numbers(0, 20), read(log, spec.to(End.time(Instant.ofEpochMilli(1_200)))));
    }

    @Test
    default void one_partition_or_all_are_read_each_in_order(Levada log) {
        String name = topic(log, 4);
        for (int partition = 0; partition < 4; partition++) {
            fill(log, name, partition, partition * 100, partition * 100 + 50);
        }
        assertEquals(numbers(200, 250), read(log, ReadSpec.of(name).partition(2).to(End.now())));

        Map<Integer, List<String>> values = new HashMap<>();
        for (StoredRecord record : readNow(log, name)) {
            List<String> seen = values.computeIfAbsent(record.partition(), p -> new ArrayList<>());
            assertEquals(seen.size(), record.offset());
            assertEquals(name, record.topic());
            seen.add(String.valueOf(record.valueUtf8()));
        }
        for (int partition = 0; partition < 4; partition++) {
            assertEquals(numbers(partition * 100, partition * 100 + 50), values.get(partition));
        }
    }

    @Test
    default void an_empty_topic_ends_at_once(Levada log) {
        assertEquals(List.of(), readNow(log, topic(log, 3)));
    }

    @Test
    default void what_cannot_be_read_is_refused(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 0, 0, 5);
        ReadSpec spec = ReadSpec.of(name).partition(0);

        Probe.all(log.read(spec.from(Position.offset(6)))).awaitError(ErrorCode.OFFSET_OUT_OF_RANGE);
        Probe.all(log.read(spec.partition(2))).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        Probe.all(log.read(spec.partition(-1))).awaitError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        Probe.all(log.read(spec.from(Position.committed()))).awaitError(ErrorCode.INVALID_REQUEST);
    }

    @Test
    default void a_reader_that_deletion_overtakes_is_told_both_offsets(Levada log) {
        String name = topic(log, 1);
        fill(log, name, 0, 0, 2);
        Probe<StoredRecord> reader = Probe.of(log.read(ReadSpec.of(name)), 2);
        reader.await(2);
        fill(log, name, 0, 2, 10);
        get(log.topics().deleteRecords(name, 0, 10));
        fill(log, name, 0, 10, 11);

        reader.more(20);
        LevadaException error = reader.awaitError(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertTrue(error.line().contains("2 to 9 ") && error.line().contains("offset:10"), error.line());
        assertEquals(List.of("10"), values(readNow(log, name)));
    }

    @Test
    default void a_token_resumes_where_it_was_taken(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 0, 0, 10);
        fill(log, name, 1, 0, 10);
        Token token = get(log.topics().describe(name)).startToken();
        List<StoredRecord> before = list(log.read(ReadSpec.of(name)).take(7));
        for (StoredRecord record : before) {
            token = token.after(record);
        }
        Token resumed = Token.parse(token.encode());
        List<StoredRecord> after =
                list(log.read(ReadSpec.of(name).from(Position.token(resumed)).to(End.now())));

        assertEquals(13, after.size());
        List<String> places = new ArrayList<>();
        Flux.concat(Flux.fromIterable(before), Flux.fromIterable(after))
                .subscribe(record -> places.add(record.partition() + "@" + record.offset()));
        assertEquals(20, places.stream().distinct().count());
    }

    @Test
    default void a_token_of_another_log_or_topic_is_noticed(Levada log) {
        String name = topic(log, 1);
        Token token = get(log.topics().describe(name)).startToken();
        Token ofAnotherLog = new Token(UUID.randomUUID(), token.topicId(), token.next());
        run(log.topics().delete(name));
        get(log.topics().create(TopicSpec.of(name)));

        for (Token stale : List.of(token, ofAnotherLog)) {
            Probe.all(log.read(ReadSpec.of(name).from(Position.token(stale)))).awaitError(ErrorCode.LOG_CHANGED);
        }
    }

    @Test
    default void a_reader_without_end_gets_what_comes_later(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 0, 0, 10);
        Probe<StoredRecord> fromStart = Probe.all(log.read(ReadSpec.of(name)));
        fromStart.await(10);
        Probe<StoredRecord> live = Probe.all(log.read(ReadSpec.of(name).from(Position.latest())));
        // Nothing tells that a live reader stands at its place, but that it gets something.
        int sent = 10;
        while (live.received().isEmpty()) {
            fill(log, name, 0, sent, sent + 1);
            sent++;
        }
        fill(log, name, 0, sent, 200);
        assertEquals(numbers(0, 200), values(fromStart.await(200)));
        int first = (int) live.received().get(0).offset();
        assertTrue(first >= 10);
        assertEquals(numbers(first, 200), values(live.await(200 - first)));
        assertTrue(live.isOpen() && fromStart.isOpen());
        live.cancel();
        fromStart.cancel();
    }

    @Test
    default void three_requested_are_three_received(Levada log) {
        String name = topic(log, 2);
        fill(log, name, 0, 0, 100);
        fill(log, name, 1, 0, 100);
        Probe<StoredRecord> reader = Probe.of(log.read(ReadSpec.of(name)), 3);

        reader.await(3);
        assertEquals(200, readNow(log, name).size()); // another reader goes all the way meanwhile
        assertEquals(3, reader.received().size());
        reader.more(1);
        reader.await(4);
        fill(log, name, 0, 100, 200);
        assertEquals(300, readNow(log, name).size());
        assertEquals(4, reader.received().size());
        reader.cancel();
    }

    @Test
    default void one_at_a_time_goes_through_batches_of_many() {
        for (Compression compression : List.of(Compression.NONE, Compression.LZ4)) {
            try (Levada log = open(LevadaOptions.defaults().withCompression(compression))) {
                String name = topic(log, 1);
                fill(log, name, 0, 0, 300);
                Probe<StoredRecord> reader =
                        Probe.of(log.read(ReadSpec.of(name).to(End.now()).from(Position.offset(123))), 0);
                for (int i = 1; i <= 177; i++) {
                    reader.more(1);
                    reader.await(i);
                }
                assertEquals(numbers(123, 300), values(reader.awaitComplete()));
            }
        }
    }

    @Test
    default void a_slow_reader_holds_nobody_up(Levada log) throws InterruptedException {
        String name = topic(log, 1);
        CountDownLatch hold = new CountDownLatch(1);
        Probe<StoredRecord> asleep = Probe.of(log.read(ReadSpec.of(name)), 0);
        Probe<StoredRecord> stuck = Probe.of(log.read(ReadSpec.of(name)), Long.MAX_VALUE, record -> {
            try {
                hold.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Probe<StoredRecord> awake = Probe.all(log.read(ReadSpec.of(name)));
        for (int round = 0; round < 10; round++) {
            fill(log, name, 0, round * 500, round * 500 + 500);
        }
        assertEquals(numbers(0, 5_000), values(awake.await(5_000)));
        assertEquals(0, asleep.received().size());
        assertEquals(0, stuck.received().size());
        hold.countDown();
        asleep.more(Long.MAX_VALUE);
        assertEquals(numbers(0, 5_000), values(stuck.await(5_000)));
        assertEquals(numbers(0, 5_000), values(asleep.await(5_000)));
        List.of(asleep, stuck, awake).forEach(Probe::cancel);
    }

    @Test
    default void many_readers_get_the_same(Levada log) {
        String name = topic(log, 2);
        List<Probe<StoredRecord>> readers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            readers.add(Probe.all(log.read(ReadSpec.of(name).partition(0))));
        }
        fill(log, name, 0, 0, 500);
        for (Probe<StoredRecord> reader : readers) {
            assertEquals(numbers(0, 500), values(reader.await(500)));
            reader.cancel();
        }
    }

    @Test
    default void records_larger_than_the_window_pass_one_by_one() {
        try (Levada log = open(LevadaOptions.defaults().withReadWindowBytes(1 << 16))) {
            String name = topic(log, 1);
            list(log.publish(name, Flux.range(0, 5).map(i -> Record.of(null, new byte[900_000]))));
            List<StoredRecord> records = readNow(log, name);
            assertEquals(5, records.size());
            assertTrue(records.stream().allMatch(record -> record.value() != null && record.value().length == 900_000));
        }
    }

    @Test
    default void a_cancelled_reader_gets_no_more(Levada log) {
        String name = topic(log, 1);
        fill(log, name, 0, 0, 10);
        assertEquals(numbers(0, 4), values(list(log.read(ReadSpec.of(name)).take(4))));
        Probe<StoredRecord> reader = Probe.all(log.read(ReadSpec.of(name)));
        reader.await(10);
        reader.cancel();
        fill(log, name, 0, 10, 20);
        assertEquals(20, readNow(log, name).size());
        assertEquals(10, reader.received().size());
    }

    @Test
    default void closing_ends_readers_and_refuses_what_comes_after() {
        Levada log = open(LevadaOptions.defaults());
        String name = topic(log, 1);
        fill(log, name, 0, 0, 1);
        Probe<StoredRecord> reader = Probe.all(log.read(ReadSpec.of(name)));
        reader.await(1);
        log.close();

        LevadaException error = (LevadaException) reader.awaitError();
        assertEquals(ErrorCode.GOING_AWAY, error.code(), error.line());
        Probe<StoredRecord> late = Probe.all(log.read(ReadSpec.of(name)));
        assertTrue(late.awaitError() instanceof LevadaException);
        assertFalse(late.isOpen());
        log.close(); // does nothing the second time
    }

    private static Position at(long ms) {
        return Position.time(Instant.ofEpochMilli(ms));
    }

    private static List<String> read(Levada log, ReadSpec spec) {
        return values(list(log.read(spec)));
    }
}
