package io.levada;

import java.time.Instant;
import java.time.format.DateTimeParseException;

/** Where reading starts. */
public sealed interface Position {
    /** The first record that is kept. */
    record Earliest() implements Position {}

    /** Behind the last durable record at the time reading starts. */
    record Latest() implements Position {}

    /** A group's commit, or the earliest record where it has none. Only groups have it. */
    record Committed() implements Position {}

    /** This offset, in every partition read. */
    record AtOffset(long offset) implements Position {}

    /** The first record whose timestamp is at or after this. */
    record AtTime(Instant time) implements Position {}

    /** Where a token says, for each partition. */
    record AtToken(Token token) implements Position {}

    static Position earliest() {
        return new Earliest();
    }

    static Position latest() {
        return new Latest();
    }

    static Position committed() {
        return new Committed();
    }

    static Position offset(long offset) {
        if (offset < 0) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "an offset is 0 or more, not " + offset);
        }
        return new AtOffset(offset);
    }

    static Position time(Instant time) {
        return new AtTime(Spelling.inMs(time));
    }

    static Position token(Token token) {
        return new AtToken(token);
    }

    /**
     * Reads {@code earliest}, {@code latest}, {@code committed}, {@code offset:N}, {@code time:ISO} (an ISO-8601 instant)
     * or a token; fails with {@link ErrorCode#INVALID_REQUEST}.
     */
    static Position parse(String text) {
        return switch (text) {
            case "earliest" -> earliest();
            case "latest" -> latest();
            case "committed" -> committed();
            default -> parseWithValue(text);
        };
    }

    private static Position parseWithValue(String text) {
        if (text.startsWith("offset:")) {
            return offset(Spelling.offset(text));
        } else if (text.startsWith("time:")) {
            return time(Spelling.time(text));
        } else if (text.startsWith(Token.PREFIX)) {
            return token(Token.parse(text));
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "'" + text
                        + "' is no position; use earliest, latest, committed, offset:N, time:2001-01-01T00:00:00Z or a token");
    }

    /** The spelling that {@link #parse} reads. */
    default String spelled() {
        if (this instanceof AtOffset at) {
            return "offset:" + at.offset();
        } else if (this instanceof AtTime at) {
            return "time:" + at.time();
        } else if (this instanceof AtToken at) {
            return at.token().encode();
        } else if (this instanceof Latest) {
            return "latest";
        } else if (this instanceof Committed) {
            return "committed";
        }
        return "earliest";
    }

    /** The parts of positions and ends that are spelled alike. */
    final class Spelling {
        private Spelling() {}

        static long offset(String text) {
            try {
                return Long.parseLong(text.substring("offset:".length()));
            } catch (NumberFormatException e) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST, "'" + text + "' has no whole number behind offset:", e);
            }
        }

        /** A time as it is; fails where records cannot have it. */
        static Instant inMs(Instant time) {
            if (time.isBefore(Instant.ofEpochMilli(Long.MIN_VALUE))
                    || time.isAfter(Instant.ofEpochMilli(Long.MAX_VALUE))) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST, time + " is further away than 63 bits of milliseconds can tell");
            }
            return time;
        }

        static Instant time(String text) {
            try {
                return Instant.parse(text.substring("time:".length()));
            } catch (DateTimeParseException e) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST,
                        "'" + text + "' has no ISO-8601 instant behind time:, such as time:2001-01-01T00:00:00Z",
                        e);
            }
        }
    }
}
