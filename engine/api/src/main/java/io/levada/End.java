package io.levada;

import java.time.Instant;

/** Where reading ends. */
public sealed interface End {
    /** Never: what is published later follows. */
    record Never() implements End {}

    /** At the durable end of each partition at the time reading starts. */
    record Now() implements End {}

    /** Before this offset, in every partition read. */
    record AtOffset(long offset) implements End {}

    /** Before the first record whose timestamp is at or after this, as far as there is one when reading starts. */
    record AtTime(Instant time) implements End {}

    static End never() {
        return new Never();
    }

    static End now() {
        return new Now();
    }

    static End offset(long offset) {
        if (offset < 0) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "an offset is 0 or more, not " + offset);
        }
        return new AtOffset(offset);
    }

    static End time(Instant time) {
        return new AtTime(time);
    }

    /** Reads {@code never}, {@code now}, {@code offset:N} or {@code time:ISO}. */
    static End parse(String text) {
        if (text.equals("never")) {
            return never();
        } else if (text.equals("now")) {
            return now();
        } else if (text.startsWith("offset:")) {
            return offset(Position.Spelling.offset(text));
        } else if (text.startsWith("time:")) {
            return time(Position.Spelling.time(text));
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "'" + text + "' is no end; use now, never, offset:N or time:2001-01-01T00:00:00Z");
    }

    /** The spelling that {@link #parse} reads. */
    default String spelled() {
        if (this instanceof AtOffset at) {
            return "offset:" + at.offset();
        } else if (this instanceof AtTime at) {
            return "time:" + at.time();
        }
        return this instanceof Now ? "now" : "never";
    }
}
