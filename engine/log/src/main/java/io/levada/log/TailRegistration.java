package io.levada.log;

/** A registered {@link TailListener}. */
@FunctionalInterface
public interface TailRegistration {
    /** Ends the announcements; one that is under way on the partition's loop may still come. Safe for any thread, any number of times. */
    void cancel();
}
