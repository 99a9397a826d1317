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

    /** Before where a token says, for each partition; those it does not name have no end. */
    record AtToken(Token token) implements End {}

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
        return new AtTime(Position.Spelling.inMs(time));
    }

    static End token(Token token) {
        return new AtToken(token);
    }

    /** Reads {@code never}, {@code now}, {@code offset:N}, {@code time:ISO} or a token. */
    static End parse(String text) {
        if (text.equals("never")) {
            return never();
        } else if (text.equals("now")) {
            return now();
        } else if (text.startsWith("offset:")) {
            return offset(Position.Spelling.offset(text));
        } else if (text.startsWith("time:")) {
            return time(Position.Spelling.time(text));
        } else if (text.startsWith(Token.PREFIX)) {
            return token(Token.parse(text));
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "'" + text + "' is no end; use now, never, offset:N, time:2001-01-01T00:00:00Z or a token");
    }

    /** The spelling that {@link #parse} reads. */
    default String spelled() {
        if (this instanceof AtOffset at) {
            return "offset:" + at.offset();
        } else if (this instanceof AtTime at) {
            return "time:" + at.time();
        } else if (this instanceof AtToken at) {
            return at.token().encode();
        }
        return this instanceof Now ? "now" : "never";
    }
}
