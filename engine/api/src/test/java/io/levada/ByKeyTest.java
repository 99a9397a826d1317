package io.levada;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class ByKeyTest {
    private final List<Long> acked = new ArrayList<>();

    private Delivery delivery(long offset, @Nullable String key) {
        byte[] bytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
        StoredRecord record = new StoredRecord("t", 0, offset, 5, bytes, new byte[0], List.of());
        return new Delivery() {
            @Override
            public StoredRecord record() {
                return record;
            }

            @Override
            public void ack() {
                acked.add(offset);
            }
        };
    }

    @Test
    void keys_are_worked_on_side_by_side_and_each_in_order() {
        Map<Long, Sinks.Empty<String>> atWork = new HashMap<>();
        AtomicLong asked = new AtomicLong();
        Flux<Delivery> endless = Flux.<Delivery, Long>generate(() -> 0L, (offset, sink) -> {
                    sink.next(delivery(offset, "key" + offset % 100));
                    return offset + 1;
                })
                .doOnRequest(asked::addAndGet);
        var working = endless.transform(ByKey.flatMap(8, delivery -> {
                    Sinks.Empty<String> done = Sinks.empty();
                    atWork.put(delivery.record().offset(), done);
                    return done.asMono();
                }))
                .subscribe();
        assertEquals(8, atWork.size(), "as many as are allowed");
        assertTrue(asked.get() <= 8 * (1 + ByKey.WAITING_PER_LANE), asked + " are in hand");
        Map<Long, Long> lastOfKey = new HashMap<>();
        for (int i = 0; i < 1_000; i++) {
            long newest =
                    atWork.keySet().stream().mapToLong(offset -> offset).max().orElseThrow();
            long one = i % 2 == 0
                    ? newest
                    : atWork.keySet().stream().mapToLong(offset -> offset).min().orElseThrow();
            Long before = lastOfKey.put(one % 100, one);
            assertTrue(before == null || before < one, "key " + one % 100 + ": " + before + " before " + one);
            atWork.remove(one).tryEmitEmpty();
            assertEquals(one, acked.get(i));
            assertTrue(asked.get() - acked.size() <= 8 * (1 + ByKey.WAITING_PER_LANE), asked + " are in hand");
            assertTrue(!atWork.isEmpty() && atWork.size() <= 8);
        }
        working.dispose();
    }

    @Test
    void what_fails_ends_the_stream_and_is_not_acknowledged() {
        Flux<Delivery> three = Flux.just(delivery(0, "a"), delivery(1, "a"), delivery(2, "a"));
        Flux<String> results = three.transform(ByKey.flatMap(
                4,
                delivery -> delivery.record().offset() == 1
                        ? Mono.error(new IllegalStateException("as planned"))
                        : Mono.just("done")));
        assertThrows(IllegalStateException.class, () -> results.blockLast());
        assertEquals(List.of(0L), acked);
    }

    @Test
    void records_without_a_key_are_spread_over_all_lanes() {
        List<Long> atWork = new ArrayList<>();
        Flux.range(0, 200)
                .map(i -> delivery(i, null))
                .transform(ByKey.flatMap(8, delivery -> {
                    atWork.add(delivery.record().offset());
                    return Mono.never();
                }))
                .subscribe();
        assertEquals(8, atWork.size());
        assertThrows(IllegalArgumentException.class, () -> ByKey.flatMap(0, delivery -> Mono.empty()));
    }
}
