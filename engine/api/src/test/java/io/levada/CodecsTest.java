package io.levada;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class CodecsTest {
    record Flight(String origin, int delay) {}

    @Test
    void utf8_round_trips_and_refuses_what_is_no_text() {
        Codec<String> codec = Codecs.utf8();

        assertEquals("grüß 🐟", codec.decode(codec.encode("grüß 🐟")));
        assertCode(ErrorCode.CORRUPT_MESSAGE, () -> codec.decode(new byte[] {(byte) 0xc0}));
        assertCode(ErrorCode.INVALID_REQUEST, () -> codec.encode("\ud800"));
    }

    @Test
    void bytes_are_passed_as_they_are() {
        byte[] bytes = {1, 2};

        assertSame(bytes, Codecs.bytes().encode(bytes));
        assertSame(bytes, Codecs.bytes().decode(bytes));
    }

    @Test
    void json_round_trips_and_refuses_what_does_not_fit() {
        Codec<Flight> codec = Codecs.json(Flight.class);

        assertEquals(new Flight("LIS", 3), codec.decode(codec.encode(new Flight("LIS", 3))));
        assertEquals(new Flight("FNC", 0), codec.decode("{\"origin\":\"FNC\",\"delay\":0}".getBytes(UTF_8)));
        assertCode(ErrorCode.CORRUPT_MESSAGE, () -> codec.decode("{\"origin\":".getBytes(UTF_8)));
        assertCode(ErrorCode.CORRUPT_MESSAGE, () -> codec.decode("[]".getBytes(UTF_8)));
        assertCode(ErrorCode.INVALID_REQUEST, () -> Codecs.json(Object.class).encode(new Object()));
    }

    @Test
    void absent_stays_absent() {
        assertNull(Codecs.utf8().encode(null));
        assertNull(Codecs.utf8().decode(null));
        assertNull(Codecs.bytes().encode(null));
        assertNull(Codecs.json(Flight.class).encode(null));
        assertNull(Codecs.json(Flight.class).decode(null));
    }

    private static void assertCode(ErrorCode code, Runnable action) {
        assertEquals(code, assertThrows(LevadaException.class, action::run).code());
    }
}
