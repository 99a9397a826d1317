package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.EngineLevada;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** What was opened under rules that change, and by principals whose time ends. */
final class GuardedEngineTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String RULES =
            "rules: [{principals: [alice], operations: [publish, read, commit], topics: [t], groups: [g]}]";

    @TempDir
    private Path directory = Path.of("");

    private final HandClock clock = new HandClock();
    private final EmbeddedEngine real = EmbeddedEngine.open("memory:");
    private AccessFiles files = new AccessFiles(Path.of(""));
    private AccessControl access = AccessControl.open();

    @BeforeEach
    void begin() {
        files = new AccessFiles(directory).permissions(RULES).jwks(Tokens.KEY_SET);
        access = files.start(clock);
        real.topics().create(TopicSpec.of("t")).block(LIMIT);
    }

    @AfterEach
    void stop() {
        access.close();
        real.close();
    }

    private Principal alice() {
        String token = Tokens.jwt("alice", clock.instant().plusSeconds(60));
        return access.authenticate(new Credentials.Bearer(token), "here")
                .blockOptional(LIMIT)
                .orElseThrow();
    }

    /** A log whose closing leaves the engine open. */
    private Levada levada(Principal principal, boolean untilExpiry) {
        return new EngineLevada(
                "guarded:",
                untilExpiry
                        ? access.engineUntilExpiry(real, principal, "here")
                        : access.engineFor(real, principal, "here"),
                LevadaOptions.defaults());
    }

    private void publish(Levada levada, String value) {
        levada.publish("t", Flux.just(Record.ofValue(value))).blockLast(LIMIT);
    }

    private static <T> T next(BlockingQueue<T> queue) {
        try {
            T next = queue.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new AssertionError("nothing within " + LIMIT);
            }
            return next;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static void assertCode(ErrorCode code, Object heard) {
        assertEquals(code, assertInstanceOf(LevadaException.class, heard).code());
    }

    @Test
    void what_nobody_can_refresh_ends_behind_its_principals_time() {
        Levada levada = levada(alice(), true);
        Levada refreshed = levada(alice(), false);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        BlockingQueue<Object> other = new LinkedBlockingQueue<>();
        levada.read(ReadSpec.of("t")).subscribe(record -> heard.add(record.valueUtf8()), heard::add);
        refreshed.read(ReadSpec.of("t")).subscribe(record -> other.add(record.valueUtf8()), other::add);
        publish(levada, "one");
        assertEquals("one", next(heard));
        assertEquals("one", next(other));

        clock.advance(Duration.ofSeconds(91));
        publish(refreshed, "two");

        assertCode(ErrorCode.TOKEN_EXPIRED, next(heard));
        assertEquals("two", next(other), "whose expiry is looked after elsewhere");
    }

    @Test
    void a_member_that_may_be_one_no_more_leaves() {
        Levada levada = levada(alice(), false);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        levada.group("g")
                .receive("t")
                .doOnNext(Delivery::ack)
                .subscribe(delivery -> heard.add(delivery.record().valueUtf8()), heard::add);
        publish(levada, "one");
        assertEquals("one", next(heard));

        files.permissions(RULES.replace("read, commit", "read").replace(", groups: [g]", ""));
        access.look();
        publish(levada, "two");

        assertCode(ErrorCode.GROUP_AUTHORIZATION_FAILED, next(heard));
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!real.groups()
                .describe("g")
                .blockOptional(LIMIT)
                .orElseThrow()
                .members()
                .isEmpty()) {
            assertTrue(System.nanoTime() < deadline, "it is still a member");
        }
    }

    @Test
    void a_writer_that_may_publish_no_more_ends() {
        Levada levada = levada(alice(), false);
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        Sinks.Many<Record> records = Sinks.many().unicast().onBackpressureBuffer();
        levada.publish("t", records.asFlux()).subscribe(ack -> heard.add(ack.offset()), heard::add);
        records.tryEmitNext(Record.ofValue("one")).orThrow();
        assertEquals(0L, next(heard));

        files.permissions(RULES.replace("publish, ", ""));
        access.look();
        records.tryEmitNext(Record.ofValue("two")).orThrow();

        assertCode(ErrorCode.TOPIC_AUTHORIZATION_FAILED, next(heard));
        assertEquals(
                1,
                real.topics()
                        .describe("t")
                        .blockOptional(LIMIT)
                        .orElseThrow()
                        .partitions()
                        .get(0)
                        .end());
    }
}
