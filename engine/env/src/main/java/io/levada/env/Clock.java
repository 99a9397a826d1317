package io.levada.env;

/** Two readings of time. Safe for any thread. */
public interface Clock {
    /** Milliseconds since the epoch; may jump either way. */
    long wallMs();

    /** Nanoseconds from an arbitrary origin; never goes back. */
    long nanos();
}
