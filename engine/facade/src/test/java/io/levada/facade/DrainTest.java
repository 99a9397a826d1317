package io.levada.facade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/**
 * No signal is lost. A stream that stands still between two signals is rare: of 905,000 publishings on two processors two did,
 * where a signal only looked whether another had come before.
 */
@Tag("long")
class DrainTest {
    private static final long NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Test
    void each_of_very_many_short_streams_comes_to_an_end() {
        try (AutoEngine engine = new AutoEngine(1, 1, false)) {
            Mono<Record> nowhere = Mono.just(Record.ofValue("a").withPartition(2));
            PublishFlux refused =
                    new PublishFlux(engine, "t", null, nowhere, LevadaOptions.defaults(), InstantSource.system());
            long end = System.nanoTime() + NANOS;
            while (System.nanoTime() < end) {
                LevadaException error = assertThrows(LevadaException.class, () -> refused.blockLast(PATIENCE));
                assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error.code());
            }
        }
    }
}
