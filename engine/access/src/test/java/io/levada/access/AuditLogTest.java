package io.levada.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.levada.ErrorCode;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.Engine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What is noted of denials and of administration: enough to know who did what, and never more than the disk holds. */
final class AuditLogTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Caller.Need NEED = new Caller.Need(Operation.READ, ResourceType.TOPIC, "t");

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.levada.audit");
    private final ListAppender<ILoggingEvent> appended = new ListAppender<>();
    private final AtomicLong nanos = new AtomicLong();

    @TempDir
    private Path directory = Path.of("");

    @BeforeEach
    void listen() {
        appended.start();
        logger.addAppender(appended);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(appended);
    }

    private List<String> lines() {
        return List.copyOf(appended.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    @Test
    void a_flood_of_denials_is_counted_not_written() {
        AuditLog audit = new AuditLog(nanos::get);
        for (int i = 0; i < 100_000; i++) {
            audit.denied("mallory", NEED, ErrorCode.TOPIC_AUTHORIZATION_FAILED, "here");
        }
        assertEquals(AuditLog.BURST, lines().size());

        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        for (int i = 0; i < 100; i++) {
            audit.unrecognised(Credentials.none(), ErrorCode.UNAUTHENTICATED, "here");
        }
        assertEquals(AuditLog.BURST + AuditLog.PER_SECOND + 1, lines().size());
        assertTrue(lines().contains("event=suppressed count=" + (100_000 - AuditLog.BURST)));
    }

    @Test
    void administration_is_noted_also_during_a_flood() {
        AuditLog audit = new AuditLog(nanos::get);
        for (int i = 0; i < 1_000; i++) {
            audit.denied("mallory", NEED, ErrorCode.TOPIC_AUTHORIZATION_FAILED, "here");
        }
        audit.done("root", new Caller.Need(Operation.DELETE, ResourceType.TOPIC, "t"), "done", "there");
        assertEquals(
                "event=administered principal=\"root\" operation=delete resource=\"topic:t\" outcome=done peer=\"there\"",
                lines().get(lines().size() - 1));
    }

    @Test
    void nobody_writes_a_line_or_a_field_of_its_own() {
        AuditLog audit = new AuditLog(nanos::get);
        audit.denied(
                "a",
                new Caller.Need(
                        Operation.READ,
                        ResourceType.TOPIC,
                        "t\" outcome=done\nevent=administered\u2028\u202e\u001b[2J\\"),
                ErrorCode.TOPIC_AUTHORIZATION_FAILED,
                "here");
        assertEquals(
                List.of(
                        "event=denied principal=\"a\" operation=read resource=\"topic:t\\\" outcome=done\\u000aevent=administered"
                                + "\\u2028\\u202e\\u001b[2J\\\\\" outcome=TOPIC_AUTHORIZATION_FAILED peer=\"here\""),
                lines());
        audit.denied(
                "a",
                new Caller.Need(Operation.READ, ResourceType.TOPIC, "x".repeat(100_000)),
                ErrorCode.TOPIC_AUTHORIZATION_FAILED,
                "here");
        assertTrue(lines().get(1).length() < 500);
    }

    @Test
    void what_a_guarded_engine_does_and_does_not_is_noted() {
        AccessFiles files = new AccessFiles(directory)
                .permissions("rules: [{principals: [alice], operations: [create, delete], topics: [t]}]");
        String token = files.token("alice");
        try (EmbeddedEngine real = EmbeddedEngine.open("memory:");
                AccessControl access = files.start()) {
            Principal alice = access.authenticate(new Credentials.Bearer(token), "here")
                    .blockOptional(LIMIT)
                    .orElseThrow();
            Engine engine = access.engineFor(real, alice, "TCP /127.0.0.1:5");
            engine.topics().create(TopicSpec.of("t")).block(LIMIT);
            engine.topics().create(TopicSpec.of("t")).onErrorComplete().block(LIMIT);
            engine.topics().delete("u").onErrorComplete().block(LIMIT);
            access.authenticate(new Credentials.Bearer("s3cret"), "TCP /127.0.0.1:6")
                    .onErrorComplete()
                    .block(LIMIT);
        }
        String by = "principal=\"alice\" operation=";
        assertEquals(
                List.of(
                        "event=administered " + by
                                + "create resource=\"topic:t\" outcome=done peer=\"TCP /127.0.0.1:5\"",
                        "event=administered " + by
                                + "create resource=\"topic:t\" outcome=TOPIC_ALREADY_EXISTS peer=\"TCP /127.0.0.1:5\"",
                        "event=denied " + by
                                + "delete resource=\"topic:u\" outcome=TOPIC_AUTHORIZATION_FAILED peer=\"TCP /127.0.0.1:5\"",
                        "event=unrecognised principal=\"-\" operation=authenticate resource=\"a bearer token\""
                                + " outcome=UNAUTHENTICATED peer=\"TCP /127.0.0.1:6\""),
                lines());
        assertFalse(String.join("\n", lines()).contains("s3cret"));
    }
}
