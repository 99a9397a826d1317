package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with a body is the client's to hear, and no defect of the server. */
class MalformedBodyTest {
    private final Produce produce = new Produce(new RequestBody(RestLimits.defaults()), RestLimits.defaults());

    private static void assertRefused(Executable reading) {
        assertEquals(
                ErrorCode.INVALID_REQUEST,
                assertThrows(LevadaException.class, reading).code());
    }

    @Test
    void what_begins_like_utf_32_and_is_none_is_refused() {
        byte[] body = {0, 0, 0, '{', 0, 0x7a, 0x22, 0x6b};
        assertRefused(() -> produce.records(body));
        assertRefused(() -> produce.records("[{]".getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"timestamp\":\"+1000000000-12-31T23:59:59Z\"}",
                "{\"timestamp\":\"1969-12-31T23:59:59Z\"}",
                "{\"value\":{\"type\":\"STRING\",\"data\":\"\\ud800\"}}",
                "{\"headers\":[{\"name\":\"\\ud800\",\"value\":\"\"}]}",
            })
    void a_record_of_confluents_form_that_cannot_be_stored_is_refused_alone(String record) {
        assertRefused(() -> new ConfluentForm("c").read(record));
    }
}
