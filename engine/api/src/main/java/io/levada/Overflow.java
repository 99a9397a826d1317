package io.levada;

import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of the records of a read that come while it asks for none, or does not read its connection. It is the log
 * that keeps them, so that no policy costs memory for records that wait. A policy acts when demand comes back; a read that
 * asked for nothing yet starts where it was told to, however late. Immutable.
 *
 * @param policy what is done
 * @param maxLag how many records of a partition may wait before it is done, 0 or more
 * @param onDropped hears of what {@link Policy#DROP} left out, between the records before and behind it, on the thread that
 *     they come on; not to block. Null where nobody wants to know
 */
public record Overflow(Policy policy, long maxLag, @Nullable Consumer<Dropped> onDropped) {
    /** How many records may wait before {@link Policy#DISCONNECT}, unless told otherwise. */
    public static final long DISCONNECT_LAG = 10_000;

    /** What is done with records that wait. */
    public enum Policy {
        /** They stay where they are, and are read later. */
        PAUSE,
        /** All but the last of each partition are left out. */
        LATEST,
        /**
         * All but the last of each key are left out, in each partition; records without a key count as of one. What this
         * left comes before it is done again, so that every key comes on.
         */
        CONFLATE,
        /** All are left out, and which they were is told, so that they can be read at another time. */
        DROP,
        /** The read ends with {@link ErrorCode#SLOW_CONSUMER}, without waiting for demand to come back. */
        DISCONNECT
    }

    /** Checks the bound; fails with {@link ErrorCode#INVALID_REQUEST}. */
    public Overflow {
        if (maxLag < 0) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "records that may wait are 0 or more, not " + maxLag);
        }
    }

    public static Overflow pause() {
        return new Overflow(Policy.PAUSE, 0, null);
    }

    public static Overflow latest() {
        return new Overflow(Policy.LATEST, 0, null);
    }

    public static Overflow conflate() {
        return new Overflow(Policy.CONFLATE, 0, null);
    }

    public static Overflow drop(@Nullable Consumer<Dropped> onDropped) {
        return new Overflow(Policy.DROP, 0, onDropped);
    }

    public static Overflow disconnect() {
        return new Overflow(Policy.DISCONNECT, DISCONNECT_LAG, null);
    }

    /** The same, but with so many records of each partition that may wait. */
    public Overflow maxLag(long records) {
        return new Overflow(policy, records, onDropped);
    }

    /**
     * Reads {@code pause}, {@code latest}, {@code conflate}, {@code drop} or {@code disconnect}, with {@code :N} behind it for
     * how many records may wait; fails with {@link ErrorCode#INVALID_REQUEST}.
     */
    public static Overflow parse(String text) {
        int colon = text.indexOf(':');
        Overflow overflow =
                switch (colon < 0 ? text : text.substring(0, colon)) {
                    case "pause" -> pause();
                    case "latest" -> latest();
                    case "conflate" -> conflate();
                    case "drop" -> drop(null);
                    case "disconnect" -> disconnect();
                    default ->
                        throw new LevadaException(
                                ErrorCode.INVALID_REQUEST,
                                "'" + text
                                        + "' is no overflow policy; use pause, latest, conflate, drop or disconnect, and"
                                        + " such as drop:1000 for how many records may wait");
                };
        return colon < 0 ? overflow : overflow.maxLag(records(text, colon + 1));
    }

    private static long records(String text, int index) {
        try {
            return Long.parseLong(text.substring(index));
        } catch (NumberFormatException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "'" + text + "' has no whole number of records behind the colon", e);
        }
    }

    /** The spelling that {@link #parse} reads. */
    public String spelled() {
        return policy.name().toLowerCase(Locale.ROOT) + ":" + maxLag;
    }
}
