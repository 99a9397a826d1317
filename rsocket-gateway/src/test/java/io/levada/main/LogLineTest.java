package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LogLineTest {
    private static String line(String message, @Nullable Throwable thrown) {
        LoggerContext context = new LoggerContext();
        LoggingEvent event = new LoggingEvent(
                LogLineTest.class.getName(),
                context.getLogger("io.levada.gateway.FrameConnection"),
                Level.WARN,
                message,
                thrown,
                new Object[] {"x"});
        return new LogLine().doLayout(event);
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
    void control_characters_are_replaced() {
        assertTrue(line("a\u001b[31m\nb", null).contains(" a?[31m?b"), "what a peer sent cannot begin another line");
    }

    @Test
    void a_stack_trace_follows() {
        String line = line("failed", new IllegalStateException("because"));
        assertTrue(line.contains("failed" + System.lineSeparator() + "java.lang.IllegalStateException: because"), line);
        assertTrue(line.contains("\tat " + LogLineTest.class.getName()), line);
    }
}
