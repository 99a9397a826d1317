package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import io.levada.facade.EngineLevada;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Claims as the server runs them, on threads and in time as they are. */
class ClaimsThreadsTest {
    private static final int RECORDS = 20_000;
    private static final int CLIENTS = 16;
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final ClaimSpec SPEC =
            new ClaimSpec("g", List.of("t")).withMax(50).withWait(Duration.ofSeconds(1));

    @Test
    void many_clients_share_a_group_and_none_gets_a_record_twice() {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        try (Engine engine = EmbeddedEngine.open("memory:");
                Levada levada = new EngineLevada("memory:", engine, LevadaOptions.defaults())) {
            levada.topics().create(TopicSpec.of("t").partitions(4)).block(LIMIT);
            Flux<Record> records =
                    Flux.range(0, RECORDS).map(i -> Record.ofValue("value " + i).withPartition(i % 4));
            levada.publish("t", records).blockLast(LIMIT);
            Claims claims = new Claims(
                    Schedulers.parallel(), System::nanoTime, new ClaimIds(new SecureRandom()), ClaimLimits.defaults());

            Flux.range(0, CLIENTS)
                    .flatMap(client -> client(claims, engine, seen), CLIENTS)
                    .blockLast(LIMIT);

            assertEquals(RECORDS, seen.size());
            claims.goAway().block(LIMIT);
            assertEquals(0, claims.totals().bytes.get());
            Mono<Long> committed = levada.groups()
                    .describe("g")
                    .flatMapIterable(GroupDescription::offsets)
                    .reduce(0L, (sum, each) -> sum + each.committed());
            assertEquals(RECORDS, committed.block(LIMIT));
        }
    }

    @Test
    void a_claim_of_a_log_that_is_gone_is_told_so_however_soon_it_is() {
        Engine closed = EmbeddedEngine.open("memory:");
        closed.close();
        Claims claims = new Claims(
                Schedulers.parallel(), System::nanoTime, new ClaimIds(new SecureRandom()), ClaimLimits.defaults());
        for (int i = 0; i < 50; i++) {
            Mono<Claimed> claim = claims.claim("me", closed, new ClaimSpec("g" + i, List.of("t")));
            LevadaException error = assertThrows(LevadaException.class, () -> claim.block(LIMIT));
            assertEquals(ErrorCode.GOING_AWAY, error.code());
        }
    }

    /** Claims and acknowledges until there is nothing. */
    private static Flux<Claimed> client(Claims claims, Engine engine, Set<String> seen) {
        Mono<Claimed> next = claims.claim("me", engine, SPEC);
        return next.expand(claim -> {
            claim.records()
                    .forEach(each -> assertTrue(seen.add(each.partition() + "@" + each.offset()), each::toString));
            return claim.records().isEmpty()
                    ? Mono.empty()
                    : claims.ack("me", claim.claim()).then(next);
        });
    }
}
