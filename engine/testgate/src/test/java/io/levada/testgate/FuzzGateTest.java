package io.levada.testgate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class FuzzGateTest {
    private final FuzzGate gate = new FuzzGate();

    @Test
    void passes_an_input_behind_which_nothing_is_left() {
        gate.allocator().directBuffer(64).release();
        gate.settled();
    }

    @Test
    void finds_a_buffer_at_once_that_was_not_given_back() {
        for (boolean direct : new boolean[] {true, false}) {
            ByteBuf kept = direct
                    ? gate.allocator().directBuffer(64)
                    : gate.allocator().heapBuffer(64);
            AssertionError error = assertThrows(AssertionError.class, gate::settled);
            assertEquals("64 bytes of buffers were not released", error.getMessage());
            kept.release();
            gate.settled();
        }
    }

    @Test
    void finds_an_error_that_was_logged_once() {
        LoggerFactory.getLogger("gate").error("told on purpose");
        AssertionError error = assertThrows(AssertionError.class, gate::settled);
        assertTrue(String.valueOf(error.getMessage()).contains("told on purpose"));
        gate.settled();
    }
}
