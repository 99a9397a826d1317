package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** That a force repeated after a failure is seen in what strace writes. */
class ForcesTest {
    private static final String FAILED = "7 fdatasync(12</no/j/000.journal>) = -1 EIO (Input/output error) (INJECTED)";
    private static final String GOOD = "8 fdatasync(12</no/j/000.journal>) = 0";

    @Test
    void a_force_after_a_failed_one_is_seen() {
        Forces forces = Forces.of(List.of(GOOD, FAILED, GOOD));
        assertEquals(1, forces.failures());
        assertEquals(List.of("/no/j/000.journal"), forces.repeated());
    }

    @Test
    void calls_that_other_threads_interrupt_are_put_together() {
        Forces forces = Forces.of(List.of(
                "7 fsync(12</no/j/000.journal> <unfinished ...>",
                "8 fdatasync(13</no/other>) = 0",
                "7 <... fsync resumed>) = -1 EIO (Input/output error) (INJECTED)",
                "7 fsync(12</no/j/000.journal> <unfinished ...>"));
        assertEquals(1, forces.failures());
        assertEquals(1, forces.repeated().size());
    }

    @Test
    void a_deletion_that_another_thread_interrupts_is_put_together_too() {
        Forces forces = Forces.of(List.of(
                FAILED,
                "7 unlink(\"/no/j/000.journal\" <unfinished ...>",
                "8 fdatasync(13</no/other>) = 0",
                "7 <... unlink resumed>) = 0",
                GOOD));
        assertEquals(List.of(), forces.repeated());
        Forces kept = Forces.of(List.of(
                FAILED,
                "7 unlink(\"/no/j/000.journal\" <unfinished ...>",
                "7 <... unlink resumed>) = -1 EACCES (Permission denied)",
                GOOD));
        assertEquals(List.of("/no/j/000.journal"), kept.repeated());
    }

    @Test
    void a_file_made_anew_is_another_one_and_one_renamed_is_the_same() {
        assertEquals(
                List.of(),
                Forces.of(List.of(FAILED, "7 unlink(\"/no/j/000.journal\") = 0", GOOD))
                        .repeated());
        assertEquals(
                List.of(),
                Forces.of(List.of(FAILED, "7 rename(\"/no/new\", \"/no/j/000.journal\") = 0", GOOD))
                        .repeated());
        assertEquals(
                List.of("/no/moved"),
                Forces.of(List.of(
                                FAILED,
                                "7 rename(\"/no/j/000.journal\", \"/no/moved\") = 0",
                                "7 fsync(3</no/moved>) = 0"))
                        .repeated());
    }
}
