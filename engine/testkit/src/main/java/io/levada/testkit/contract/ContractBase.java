package io.levada.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.Ack;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the parts of the contract share: the log they run against, and how they fill and read it. */
@ExtendWith(SharedLog.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
interface ContractBase {
    Duration PATIENCE = Duration.ofSeconds(10);

    /**
     * Opens a new, empty log. One is opened for most tests of a class together, and some tests open one of their own.
     * Closing it, which the tests do, is to end all that was started for it.
     */
    Levada open(LevadaOptions options);

    /** Makes a topic with a name of its own. */
    static String topic(Levada log, int partitions) {
        String name = "t-" + UUID.randomUUID();
        get(log.topics().create(TopicSpec.of(name).partitions(partitions)));
        return name;
    }

    static String group() {
        return "g-" + UUID.randomUUID();
    }

    static <T> T get(Mono<T> mono) {
        T value = mono.block(PATIENCE);
        if (value == null) {
            throw new AssertionError("no answer");
        }
        return value;
    }

    static void run(Mono<Void> mono) {
        mono.block(PATIENCE);
    }

    static <T> List<T> list(Flux<T> flux) {
        return get(flux.collectList());
    }

    static LevadaException assertFails(ErrorCode code, Mono<?> mono) {
        LevadaException error = assertThrows(LevadaException.class, () -> mono.block(PATIENCE));
        assertEquals(code, error.code(), error.line());
        return error;
    }

    /** Publishes values {@code from} to {@code to - 1} into one partition. */
    static List<Ack> fill(Levada log, String topic, int partition, int from, int to) {
        return list(log.publish(topic, records(partition, from, to)));
    }

    static Flux<Record> records(int partition, int from, int to) {
        return Flux.range(from, to - from)
                .map(i -> Record.ofValue(String.valueOf(i)).withPartition(partition));
    }

    static List<StoredRecord> readNow(Levada log, String topic) {
        return list(log.read(ReadSpec.of(topic).to(End.now())));
    }

    static List<String> values(List<StoredRecord> records) {
        return records.stream()
                .map(record -> String.valueOf(record.valueUtf8()))
                .toList();
    }

    static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(String::valueOf).toList();
    }
}
