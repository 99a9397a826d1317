package io.levada.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.Ack;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Flux;

/** Each fault strikes as it says, once, and nothing else does. */
@ExtendWith(LevadaExtension.class)
class FaultsTest {
    @BeforeEach
    void createTopics(TestLevada test) {
        test.levada().topics().create(TopicSpec.of("t")).block();
        test.levada().topics().create(TopicSpec.of("other")).block();
    }

    private static Flux<Ack> publish(TestLevada test, int from, int to) {
        return test.levada().publish("t", Flux.range(from, to - from).map(i -> Record.ofValue("" + i)));
    }

    private static List<String> stored(TestLevada test) {
        return test.levada()
                .read(ReadSpec.of("t").to(End.now()))
                .map(record -> String.valueOf(record.valueUtf8()))
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(String::valueOf).toList();
    }

    @Test
    void a_publish_that_fails_stores_nothing_and_the_next_one_succeeds(TestLevada test) {
        test.faults().failNextPublish("t", ErrorCode.STORAGE_FULL);
        test.levada().publish("other", Record.ofValue("unharmed")).block();
        Probe.all(publish(test, 0, 3)).awaitError(ErrorCode.STORAGE_FULL);
        assertEquals(List.of(), stored(test));
        assertEquals(3, Probe.all(publish(test, 0, 3)).awaitComplete().size());
        assertEquals(numbers(0, 3), stored(test));
    }

    @Test
    void acknowledgements_before_a_publish_that_fails_stand() {
        try (TestLevada test = TestLevada.start(LevadaOptions.defaults().withBatchBytes(1 << 10))) {
            test.levada().topics().create(TopicSpec.of("t")).block();
            Probe<Ack> publishing = Probe.of(publish(test, 0, 1_000), 10);
            publishing.await(10);
            test.faults().failNextPublish("t", ErrorCode.THROTTLED);
            publishing.more(Long.MAX_VALUE);
            publishing.awaitError(ErrorCode.THROTTLED);
            assertEquals(stored(test).size(), publishing.received().size());
        }
    }

    @Test
    void faults_asked_for_twice_strike_twice_in_their_order(TestLevada test) {
        test.faults().failNextPublish("t", ErrorCode.STORAGE_FULL);
        test.faults().failNextPublish("t", ErrorCode.STORAGE_FAILED);
        assertFails(ErrorCode.STORAGE_FULL, test);
        assertFails(ErrorCode.STORAGE_FAILED, test);
        publish(test, 0, 1).blockLast();
    }

    private static void assertFails(ErrorCode code, TestLevada test) {
        LevadaException error =
                assertThrows(LevadaException.class, () -> publish(test, 0, 1).blockLast());
        assertEquals(code, error.code());
    }

    @Test
    void a_lost_acknowledgement_leaves_the_outcome_unknown_and_the_record_stored(TestLevada test) {
        test.faults().loseNextAck("t");
        assertFails(ErrorCode.OUTCOME_UNKNOWN, test);
        assertEquals(numbers(0, 1), stored(test));
        publish(test, 1, 2).blockLast();
        assertEquals(numbers(0, 2), stored(test));
    }

    @Test
    void publishers_hear_of_acknowledgements_once_they_are_released(TestLevada test) {
        test.faults().holdAcks("t");
        Probe<Ack> publishing = Probe.all(publish(test, 0, 3));
        test.advance(Duration.ofHours(1));
        assertEquals(numbers(0, 3), stored(test));
        assertEquals(List.of(), publishing.received());
        test.faults().releaseAcks("t");
        assertEquals(3, publishing.awaitComplete().size());
        publish(test, 3, 4).blockLast();
    }

    @Test
    void a_read_breaks_off_behind_so_many_records_and_goes_on_from_there(TestLevada test) {
        publish(test, 0, 10).blockLast();
        for (int after : new int[] {0, 3, 10}) {
            test.faults().breakNextRead("t", after, ErrorCode.CONNECTION_LOST);
            Probe<StoredRecord> reading = Probe.all(test.levada().read(ReadSpec.of("t")));
            reading.awaitError(ErrorCode.CONNECTION_LOST);
            assertEquals(after, reading.received().size());
        }
        assertEquals(numbers(0, 10), stored(test));
    }

    @Test
    void demand_is_kept_to_by_a_read_that_will_break_off(TestLevada test) {
        publish(test, 0, 10).blockLast();
        test.faults().breakNextRead("t", 5, ErrorCode.TIMEOUT);
        Probe<StoredRecord> reading = Probe.of(test.levada().read(ReadSpec.of("t")), 2);
        reading.await(2);
        test.advance(Duration.ofSeconds(1));
        assertEquals(2, reading.received().size());
        reading.more(3);
        reading.awaitError(ErrorCode.TIMEOUT);
        assertEquals(5, reading.received().size());
    }

    @Test
    void nobody_minds_faults_for_which_there_is_nothing(TestLevada test) {
        test.faults().cutMembers("nobody");
        test.faults().releaseAcks("t");
        assertThrows(IllegalArgumentException.class, () -> test.faults().breakNextRead("t", -1, ErrorCode.TIMEOUT));
        publish(test, 0, 1).blockLast();
    }
}
