package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LogLineTest {
    private static String line(String message, @Nullable Throwable thrown) {
        return new LogLine().doLayout(event(message, thrown));
    }

    private static LoggingEvent event(String message, @Nullable Throwable thrown) {
        LoggerContext context = new LoggerContext();
        return new LoggingEvent(
                LogLineTest.class.getName(),
                context.getLogger("io.levada.gateway.FrameConnection"),
                Level.WARN,
                message,
                thrown,
                new Object[] {"x"});
    }

    @Test
    void a_line_has_time_level_logger_and_message() {
        String line = line("closing {}", null);
        assertTrue(
                line.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d) WARN  "
                        + "i\\.l\\.g\\.FrameConnection closing x\\R"),
                line);
    }

    @Test
    void control_characters_are_escaped() {
        assertTrue(
                line("a\u001b[31m\nb\u009b\u202ec", null).contains(" a\\u001b[31m\\u000ab\\u009b\\u202ec"),
                "what a peer sent cannot begin another line");
    }

    @Test
    void a_stack_trace_follows_indented_so_that_it_cannot_look_like_a_line() {
        String line = line("failed", new IllegalStateException("because\n2026-01-01 WARN x\u001b[31m"));
        List<String> lines = line.lines().toList();
        assertEquals("\tjava.lang.IllegalStateException: because", lines.get(1));
        assertEquals("\t2026-01-01 WARN x\\u001b[31m", lines.get(2));
        assertTrue(lines.get(3).startsWith("\t    at " + LogLineTest.class.getName()), line);
    }

    @Test
    void as_json_it_is_one_object_a_line() throws Exception {
        String line =
                new JsonLine().doLayout(event("closing {}\n\u001b[31m\u009b", new IllegalStateException("be\ncause")));

        assertTrue(line.matches("\\A\\p{ASCII}*}\\n\\z"), line);
        assertEquals(1, line.lines().count());
        JsonNode json = new ObjectMapper().readTree(line);
        assertEquals("WARN", json.path("level").asText());
        assertEquals("io.levada.gateway.FrameConnection", json.path("logger").asText());
        assertEquals("closing x\\u000a\\u001b[31m\\u009b", json.path("message").asText());
        assertTrue(json.path("error").asText().contains("be\ncause"), line);
        assertTrue(Instant.parse(json.path("time").asText()).isAfter(Instant.EPOCH));
    }
}
