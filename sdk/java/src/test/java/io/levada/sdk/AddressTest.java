package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
    @ParameterizedTest
    @CsvSource({
        "rsocket://127.0.0.1:7000, 127.0.0.1, 7000,, false",
        "rsocket://localhost, localhost, 7878,, false",
        "rsocket://localhost/, localhost, 7878,, false",
        "rsocket://[::1]:7001, ::1, 7001,, false",
        "ws://example.org, example.org, 80, /rsocket, false",
        "ws://127.0.0.1:7880, 127.0.0.1, 7880, /rsocket, false",
        "ws://127.0.0.1:7880/, 127.0.0.1, 7880, /rsocket, false",
        "ws://127.0.0.1:7880/behind/proxy, 127.0.0.1, 7880, /behind/proxy, false",
        "rsockets://localhost, localhost, 7878,, true",
        "rsockets://[::1]:7001, ::1, 7001,, true",
        "wss://example.org, example.org, 443, /rsocket, true",
        "wss://127.0.0.1:7880/behind/proxy, 127.0.0.1, 7880, /behind/proxy, true",
    })
    void addresses_name_a_host_a_port_and_for_web_sockets_a_path(
            String text, String host, int port, String path, boolean tls) {
        assertEquals(new Address(text, host, port, path, tls), Address.parse(text));
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
    @ValueSource(strings = {"rsocket://10.0.0.1:7878", "ws://levada.example:7880/rsocket"})
    void a_token_is_not_sent_where_others_can_read_it_unless_that_is_said(String text) {
        LevadaOptions options = LevadaOptions.defaults().withTokenFile("token");
        LevadaException error = Await.failure(() -> Levada.open(text, options));
        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        assertTrue(error.line().contains("everybody on the way can read it; use rsockets:// or wss://"), error.line());

        Credentials.of(Address.parse(text), options.withTokenInPlainText(true).security());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsocket://127.0.0.1", "rsocket://[::1]", "ws://localhost:7880", "rsockets://10.0.0.1"})
    void a_token_goes_to_this_machine_and_over_tls(String text) {
        Credentials.of(
                Address.parse(text),
                LevadaOptions.defaults().withTokenFile("token").security());
    }

    @Test
    void certificates_are_refused_where_there_is_no_tls() {
        LevadaOptions options = LevadaOptions.defaults().withTrustedCertificates("ca.pem");
        LevadaException error = Await.failure(() -> Levada.open("rsocket://127.0.0.1:7878", options));
        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        assertTrue(error.line().contains("rsockets://"), error.line());
    }

    @Test
    void a_file_that_is_not_there_is_named() {
        for (LevadaOptions options : List.of(
                LevadaOptions.defaults().withTrustedCertificates("none.pem"),
                LevadaOptions.defaults().withClientCertificate("none.pem", "key.pem"),
                LevadaOptions.defaults().withTokenFile("none.pem"))) {
            LevadaException error = Await.failure(() -> Levada.open("rsockets://127.0.0.1:1", options));
            assertEquals(ErrorCode.INVALID_REQUEST, error.code());
            assertTrue(error.line().contains("none.pem"), error.line());
        }
    }
}
