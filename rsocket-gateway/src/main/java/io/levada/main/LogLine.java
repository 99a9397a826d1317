package io.levada.main;

import ch.qos.logback.classic.pattern.TargetLengthBasedClassNameAbbreviator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * A line of the log: time, level, logger, message, in which control characters are escaped, since peers have a say in it;
 * then the stack trace, if there is one, indented, so that nothing in it looks like a line. Safe for any thread.
 */
final class LogLine extends LayoutBase<ILoggingEvent> {
    private static final int LOGGER_LENGTH = 20;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX").withZone(ZoneId.systemDefault());

    private final TargetLengthBasedClassNameAbbreviator loggers =
            new TargetLengthBasedClassNameAbbreviator(LOGGER_LENGTH);

    @Override
    public String doLayout(ILoggingEvent event) {
        StringBuilder line = new StringBuilder();
        TIME.formatTo(Instant.ofEpochMilli(event.getTimeStamp()), line);
        String message = LogFormat.escaped(event.getFormattedMessage());
        line.append(" %-5s ".formatted(event.getLevel()))
                .append(loggers.abbreviate(event.getLoggerName()))
                .append(' ')
                .append(message)
                .append(System.lineSeparator());
        IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            ThrowableProxyUtil.asString(thrown).lines().forEach(text -> line.append('\t')
                    .append(LogFormat.escaped(text.replace("\t", "    ")))
                    .append(System.lineSeparator()));
        }
        return line.toString();
    }
}
