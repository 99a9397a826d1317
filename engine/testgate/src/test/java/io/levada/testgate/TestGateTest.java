package io.levada.testgate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class TestGateTest {
    private final TestGate gate = new TestGate();

    @Test
    void passes_a_class_that_logged_and_leaked_nothing() throws InterruptedException {
        gate.check("clean");
    }

    @Test
    void fails_a_class_that_logged_an_error() {
        LoggerFactory.getLogger("gate").error("told on purpose");
        AssertionError error = assertThrows(AssertionError.class, () -> gate.check("noisy"));
        assertTrue(String.valueOf(error.getMessage()).contains("told on purpose"));
    }

    @Test
    void lets_an_expected_error_pass() throws InterruptedException {
        LoggerFactory.getLogger("gate").error("expected here");
        assertEquals(1, TestGate.expectError("expected here"));
        gate.check("expected");
    }

    @Test
    void fails_a_class_that_leaked_a_buffer() {
        leak();
        AssertionError error = assertThrows(AssertionError.class, () -> gate.check("leaky"));
        assertTrue(String.valueOf(error.getMessage()).contains("LEAK"));
    }

    @SuppressWarnings("CheckReturnValue")
    private static void leak() {
        for (int i = 0; i < 20; i++) {
            ByteBufAllocator.DEFAULT.buffer(64).writeInt(i);
        }
    }
}
