package io.levada.web;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.gateway.GatewayConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A page of a server in a real browser: what it may do under its policy, what it may not, and that we would see it. */
@NeedsChromium
@SuppressWarnings("NullAway.Init") // JUnit sets the statics first
final class ChromiumTest {
    private static final String CONNECT = """
            return await new Promise((opened, failed) => {
              const socket = new WebSocket(URL);
              socket.onopen = () => { opened('open'); socket.close(); };
              socket.onerror = () => failed(new Error('not connected'));
            });""";

    private static WebServer server;
    private static Chromium browser;

    @BeforeAll
    static void start() {
        server = WebServer.start();
        browser = Chromium.start();
    }

    @AfterAll
    static void stop() {
        try {
            browser.close();
        } finally {
            server.close();
        }
    }

    @BeforeEach
    void load() {
        browser.open(server.http() + "/console/trial.html");
        browser.until("document.title === 'drawn'");
        browser.forgetConsole();
    }

    private static String connect(String url) {
        return CONNECT.replace("URL", "'" + url + "'");
    }

    @Test
    void a_page_draws_and_connects_and_its_policy_minds_nothing() {
        browser.reload();
        browser.until("document.title === 'drawn'");
        assertTrue(browser.eval("return document.querySelectorAll('#chart canvas').length")
                        .asInt()
                > 0);
        assertEquals("open", browser.eval(connect(server.webSocket())).asText());
        assertEquals(200, browser.eval("return (await fetch('/readyz')).status").asInt());
        assertEquals(List.of(), browser.errors());
    }

    @Test
    void the_policy_keeps_a_page_from_other_servers_and_from_what_stands_in_it() {
        try (WebServer other = WebServer.start()) {
            assertThrows(AssertionError.class, () -> browser.eval(connect(other.webSocket())));
            assertThrows(AssertionError.class, () -> browser.eval("await fetch('" + other.http() + "/healthz')"));
            browser.eval("""
                    const script = document.createElement('script');
                    script.textContent = 'window.ran = true';
                    document.body.append(script);""");
        }

        assertTrue(browser.eval("return window.ran !== true").asBoolean());
        List<String> errors = browser.errors();
        assertTrue(errors.stream().anyMatch(error -> error.contains("connect-src")), errors::toString);
        assertTrue(errors.stream().anyMatch(error -> error.contains("script-src")), errors::toString);
    }

    @Test
    void a_page_of_another_server_is_not_let_in() {
        try (WebServer other = WebServer.start()) {
            browser.open(other.http() + "/healthz"); // no policy: the server itself has to refuse
            assertThrows(AssertionError.class, () -> browser.eval(connect(server.webSocket())));
            assertEquals("open", browser.eval(connect(other.webSocket())).asText());
        }
    }

    @Test
    void a_page_of_an_allowed_origin_loads_the_client_from_the_server_and_reads() {
        try (WebServer app = WebServer.start();
                WebServer other = WebServer.start(
                        "memory:", GatewayConfig.defaults().withPorts(0, 0).withAllowedOrigins(List.of(app.http())))) {
            String load = "const {connect} = await import('SERVER/levada.js'); return (await connect('WS')).state;";
            browser.open(app.http() + "/healthz");
            assertEquals(
                    "open",
                    browser.eval(load.replace("SERVER", other.http()).replace("WS", other.webSocket()))
                            .asText());
            assertThrows(AssertionError.class, () -> browser.eval(load.replace("SERVER", server.http())));
        }
    }

    @Test
    void what_a_page_throws_and_what_never_comes_fails_a_test() {
        AssertionError thrown =
                assertThrows(AssertionError.class, () -> browser.eval("throw new TypeError('on purpose')"));
        assertTrue(String.valueOf(thrown.getMessage()).contains("TypeError: on purpose"), thrown.getMessage());
        assertThrows(AssertionError.class, () -> browser.until("false", Duration.ofMillis(300)));
        browser.eval("console.error('said'); setTimeout(() => { throw new Error('later') })");
        browser.eval("await new Promise(next => setTimeout(next, 20))");
        assertEquals(2, browser.errors().size(), browser.errors()::toString);
    }

    @Test
    void memory_that_a_page_holds_is_seen_and_what_it_let_go_is_not() {
        long before = browser.heapUsed();
        browser.eval("window.held = Array.from({length: 200_000}, (_, i) => ({i}))");
        long held = browser.heapUsed();
        browser.eval("window.held = null");
        long after = browser.heapUsed();

        assertTrue(held - before > 2_000_000, held + " after " + before);
        assertTrue(after < held - 2_000_000, after + " after " + held);
    }

    @Test
    void a_page_sees_the_screen_it_is_given(@TempDir Path directory) throws Exception {
        browser.prefers(true, true);
        assertTrue(browser.eval("return matchMedia('(prefers-color-scheme: dark)').matches")
                .asBoolean());
        assertTrue(browser.eval("return matchMedia('(prefers-reduced-motion: reduce)').matches")
                .asBoolean());
        browser.prefers(false, false);
        assertFalse(browser.eval("return matchMedia('(prefers-color-scheme: dark)').matches")
                .asBoolean());
        browser.phone();
        assertEquals(390, browser.eval("return screen.width").asInt());
        browser.cdp("Emulation.clearDeviceMetricsOverride", Map.of());

        Path file = directory.resolve("pages/trial.png");
        browser.screenshot(file);
        assertEquals("PNG", new String(Files.readAllBytes(file), 1, 3, US_ASCII));
    }

    @Test
    void a_second_tab_is_a_page_of_its_own() {
        String first = browser.tab();
        browser.eval("window.mark = 1");
        String second = browser.openTab(server.http() + "/console/trial.html");
        browser.until("document.title === 'drawn'");
        assertTrue(browser.eval("return window.mark").isNull());
        browser.use(first);
        assertEquals(1, browser.eval("return window.mark").asInt());
        browser.use(second);
        browser.closeTab(first);
        assertEquals(1, browser.eval("return window.mark").asInt());
    }
}
