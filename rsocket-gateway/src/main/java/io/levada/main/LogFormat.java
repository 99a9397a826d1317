package io.levada.main;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.LayoutBase;
import java.util.regex.Pattern;

/** How the log is written. */
enum LogFormat {
    /** A line for people, a stack trace indented below it. */
    TEXT,
    /** A line of JSON, for programs that collect logs. */
    JSON;

    /** What moves a terminal's cursor, begins a line or turns a text around; peers have a say in messages. */
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

    LayoutBase<ILoggingEvent> layout() {
        return switch (this) {
            case TEXT -> new LogLine();
            case JSON -> new JsonLine();
        };
    }

    /** The text with each control character as it is written in Java. */
    static String escaped(String text) {
        return CONTROL.matcher(text)
                .replaceAll(found -> "\\\\u%04x".formatted((int) found.group().charAt(0)));
    }
}
