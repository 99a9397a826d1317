package io.levada.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Flux;

/** What a test of an application may rely on: a quick start, and time that the test moves on. */
@ExtendWith(LevadaExtension.class)
class TestLevadaTest {
    private static final MemberOptions FROM_EARLIEST = MemberOptions.defaults().withFrom(Position.earliest());
    private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

    @BeforeEach
    void createTopic(TestLevada test) {
        test.levada().topics().create(TopicSpec.of("t")).block();
    }

    private static void publish(TestLevada test, int from, int to) {
        test.levada()
                .publish("t", Flux.range(from, to - from).map(i -> Record.ofValue("" + i)))
                .blockLast();
    }

    private static Probe<Delivery> join(TestLevada test, MemberOptions options, long demand) {
        return Probe.of(test.levada().group("g").receive(List.of("t"), options), demand, Delivery::ack);
    }

    private static List<String> values(List<Delivery> deliveries) {
        return deliveries.stream()
                .map(delivery -> String.valueOf(delivery.record().valueUtf8()))
                .toList();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(String::valueOf).toList();
    }

    private static long committed(TestLevada test) {
        return test.levada().groups().describe("g").blockOptional().orElseThrow().offsets().stream()
                .mapToLong(offset -> offset.committed())
                .sum();
    }

    /** Told, not held against a limit, as a busy machine has its own idea of time. */
    @Test
    void starts_in_some_milliseconds() {
        long[] ms = new long[21];
        for (int i = 0; i < ms.length; i++) {
            long before = System.nanoTime();
            try (TestLevada test = TestLevada.start()) {
                ms[i] = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
                test.levada().topics().create(TopicSpec.of("t")).block();
            }
        }
        System.out.println("TestLevada.start() took " + Arrays.toString(ms) + " ms");
    }

    @Test
    void time_stands_still_until_it_is_moved(TestLevada test) {
        Instant start = test.now();
        publish(test, 0, 1);
        test.advance(Duration.ofDays(3));
        publish(test, 1, 2);
        List<Long> timestamps = test.levada()
                .read(ReadSpec.of("t").to(End.now()))
                .map(StoredRecord::timestampMs)
                .collectList()
                .block();
        assertEquals(
                List.of(start.toEpochMilli(), start.plus(Duration.ofDays(3)).toEpochMilli()), timestamps);
        assertThrows(IllegalArgumentException.class, () -> test.advance(Duration.ofNanos(-1)));
    }

    @Test
    void records_are_gone_once_their_retention_is_over(TestLevada test) {
        test.levada()
                .topics()
                .create(TopicSpec.of("short").config(Map.of("retention.ms", "3600000")))
                .block();
        test.levada().publish("short", Record.ofValue("old")).block();
        test.advance(Duration.ofMinutes(59));
        assertEquals(1, count(test, "short"));
        test.advance(Duration.ofMinutes(9));
        assertEquals(0, count(test, "short"));
    }

    private static long count(TestLevada test, String topic) {
        return test.levada()
                .read(ReadSpec.of(topic).to(End.now()))
                .count()
                .blockOptional()
                .orElseThrow();
    }

    @Test
    void what_was_acknowledged_is_committed_after_a_second(TestLevada test) {
        publish(test, 0, 5);
        Probe<Delivery> member = join(test, FROM_EARLIEST, 3);
        member.await(3);
        test.advance(COMMIT_INTERVAL.minusMillis(1));
        assertEquals(0, committed(test));
        test.advance(Duration.ofMillis(1));
        assertEquals(3, committed(test));
        member.cancel();
    }

    @Test
    void members_that_take_nothing_are_out_after_their_limit(TestLevada test) {
        publish(test, 0, 5);
        Probe<Delivery> stalling = join(test, FROM_EARLIEST.withMaxStall(Duration.ofMinutes(5)), 2);
        stalling.await(2);
        test.advance(Duration.ofMinutes(4));
        assertTrue(stalling.isOpen());
        test.advance(Duration.ofMinutes(2));
        stalling.awaitError(ErrorCode.MEMBER_STALLED);
    }

    @Test
    void members_that_are_served_within_their_limit_stay_however_much_time_goes_by(TestLevada test) {
        Probe<Delivery> member = join(test, FROM_EARLIEST.withMaxStall(Duration.ofSeconds(1)), Long.MAX_VALUE);
        for (int i = 0; i < 100; i++) {
            publish(test, i, i + 1);
            test.advance(Duration.ofMinutes(1));
        }
        assertEquals(numbers(0, 100), values(member.received()));
        assertEquals(100, committed(test));
        member.cancel();
    }

    @Test
    void partitions_of_a_member_that_was_cut_off_wait_out_the_grace_period(TestLevada test) {
        publish(test, 0, 5);
        Probe<Delivery> first = join(test, FROM_EARLIEST, 3);
        first.await(3);
        test.advance(COMMIT_INTERVAL);
        first.more(1);
        first.await(4);
        test.faults().cutMembers("g");
        first.awaitError(ErrorCode.CONNECTION_LOST);

        Probe<Delivery> second = join(test, FROM_EARLIEST, Long.MAX_VALUE);
        test.advance(TestLevada.GRACE.minusMillis(1));
        assertEquals(List.of(), second.received());
        test.advance(Duration.ofMillis(1));
        assertEquals(numbers(3, 5), values(second.await(2)));
        second.cancel();
    }

    @Test
    void a_callback_that_blocks_does_not_stop_time(TestLevada test) {
        CountDownLatch blocked = new CountDownLatch(1);
        publish(test, 0, 1);
        Probe<StoredRecord> reading = Probe.of(test.levada().read(ReadSpec.of("t")), 1, record -> {
            try {
                blocked.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Instant before = test.now();
        test.advance(Duration.ofDays(1));
        assertEquals(before.plus(Duration.ofDays(1)), test.now());
        blocked.countDown();
        reading.await(1);
        reading.cancel();
    }
}
