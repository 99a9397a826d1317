package io.levada.protocol;

/** Says which records are wanted, of those that a cursor stands on one after the other. */
@FunctionalInterface
public interface RecordTest {
    /** Whether the record that the cursor stands on is wanted; moves nothing. */
    boolean test(RecordCursor record);
}
