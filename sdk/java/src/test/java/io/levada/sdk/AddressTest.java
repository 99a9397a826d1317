package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
    @ParameterizedTest
    @CsvSource({
        "rsocket://127.0.0.1:7000, 127.0.0.1, 7000,",
        "rsocket://localhost, localhost, 7878,",
        "rsocket://localhost/, localhost, 7878,",
        "rsocket://[::1]:7001, ::1, 7001,",
        "ws://example.org, example.org, 80, /rsocket",
        "ws://127.0.0.1:7880, 127.0.0.1, 7880, /rsocket",
        "ws://127.0.0.1:7880/, 127.0.0.1, 7880, /rsocket",
        "ws://127.0.0.1:7880/behind/proxy, 127.0.0.1, 7880, /behind/proxy",
    })
    void addresses_name_a_host_a_port_and_for_web_sockets_a_path(String text, String host, int port, String path) {
        assertEquals(new Address(text, host, port, path), Address.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rsocket:127.0.0.1",
                "rsocket://",
                "rsocket://127.0.0.1:0",
                "rsocket://127.0.0.1:70000",
                "rsocket://127.0.0.1:7878/path",
                "rsocket://user:secret@127.0.0.1:7878",
                "ws://127.0.0.1:7880/rsocket?token=secret",
                "rsocket://a b",
            })
    void what_cannot_be_an_address_is_refused_when_opened(String text) {
        assertEquals(
                ErrorCode.INVALID_REQUEST,
                Await.failure(() -> Levada.open(text)).code());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsockets://127.0.0.1:7878", "wss://127.0.0.1:7880/rsocket"})
    void tls_is_refused_with_a_reason(String text) {
        LevadaException error = Await.failure(() -> Levada.open(text));
        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        assertTrue(error.line().contains("does not offer TLS"), error.line());
    }

    @Test
    void a_token_that_nobody_would_check_is_refused() {
        LevadaOptions options = LevadaOptions.defaults().withTokenFile("token");
        LevadaException error = Await.failure(() -> Levada.open("rsocket://127.0.0.1:7878", options));
        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
    }
}
