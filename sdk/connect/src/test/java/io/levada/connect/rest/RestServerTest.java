package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.AccessControl;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.connect.util.Callback;
import org.apache.kafka.connect.util.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server: its threads, how long it waits, how it ends. */
@Timeout(120)
final class RestServerTest {
    private static final String HANGS = "/connectors/a/stop";

    private static CompletableFuture<HttpResponse<String>> put(Served rest, String path) {
        return rest.sendAsync(rest.request(path).PUT(BodyPublishers.noBody()));
    }

    /** Lets stops wait for callbacks, which come here. */
    private static List<Callback<Object>> hang(Served rest, Semaphore asked) {
        List<Callback<Object>> callbacks = new ArrayList<>();
        rest.herder.on("stopConnector", (arguments, callback) -> {
            synchronized (callbacks) {
                callbacks.add(Objects.requireNonNull(callback));
            }
            asked.release();
            return ScriptedHerder.NEVER;
        });
        return callbacks;
    }

    @Test
    void a_head_is_what_a_get_has_without_its_body() {
        try (Served rest = new Served()) {
            rest.herder.returns("connectors", List.of("a", "b"));

            var get = rest.send("GET", "/connectors", "");
            var head = rest.send("HEAD", "/connectors", "");

            assertEquals(200, head.statusCode());
            assertEquals("", head.body());
            assertEquals("9", head.headers().firstValue("Content-Length").orElse(""));
            for (String header : List.of("Content-Length", "Content-Type")) {
                assertEquals(get.headers().firstValue(header), head.headers().firstValue(header));
            }
            assertEquals(404, rest.send("HEAD", "/nothing", "").statusCode());
        }
    }

    @Test
    void a_connection_serves_one_request_after_the_other_also_behind_refused_ones() throws Exception {
        try (Served rest = new Served()) {
            rest.herder.returns("connectors", List.of());
            String get = "GET /connectors HTTP/1.1\r\nHost: localhost\r\n";
            String bad = "PUT /connectors/a/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";

            String answers = rest.raw(get + "\r\n" + bad + get + "\r\n" + bad + get + "Connection: close\r\n\r\n");

            assertEquals(3, answers.split("HTTP/1.1 200 ", -1).length - 1, answers);
            assertEquals(2, answers.split("HTTP/1.1 415 ", -1).length - 1, answers);
        }
    }

    @Test
    void waits_for_the_herder_on_daemon_threads_of_its_own() {
        try (Served rest = new Served()) {
            rest.herder.on("connectors", (arguments, callback) -> {
                Thread thread = Thread.currentThread();
                return List.of(thread.isDaemon() + " " + thread.getName());
            });

            String thread = rest.send("GET", "/connectors", "").body();

            assertTrue(thread.matches("\\[\"true connect-rest-[0-9]+\"]"), thread);
        }
    }

    @Test
    void gives_up_waiting_and_says_what_the_herder_was_doing() {
        try (Served rest = new Served(100, 2_000)) {
            rest.herder.returns("stopConnector", ScriptedHerder.NEVER);
            assertEquals("Request timed out", rest.expectError("PUT", HANGS, "", 500));

            Stage stage = new Stage("stopping tasks", 0);
            rest.herder.on("stopConnector", (arguments, callback) -> {
                Objects.requireNonNull(callback).recordStage(stage);
                return ScriptedHerder.NEVER;
            });
            assertEquals(
                    "Request timed out. The worker is currently stopping tasks, which began at 1970-01-01T00:00:00Z.",
                    rest.expectError("PUT", HANGS, "", 500));
        }
    }

    @Test
    void what_the_herder_does_not_answer_holds_up_nothing_else() throws Exception {
        try (Served rest = new Served()) {
            rest.herder.returns("connectors", List.of());
            Semaphore asked = new Semaphore(0);
            List<Callback<Object>> callbacks = hang(rest, asked);
            List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();

            for (int i = 1; i < RestServer.MAX_REQUESTS; i++) {
                waiting.add(put(rest, HANGS));
            }
            asked.acquire(RestServer.MAX_REQUESTS - 1);
            rest.expect("GET", "/connectors", "", 200, "[]"); // one more than wait

            waiting.add(put(rest, HANGS));
            asked.acquire();
            var refused = rest.send("GET", "/connectors", "");
            assertEquals(503, refused.statusCode(), refused.body());
            assertEquals("1", refused.headers().firstValue("Retry-After").orElse(""));
            assertTrue(waiting.stream().noneMatch(CompletableFuture::isDone));

            callbacks.forEach(callback -> callback.onCompletion(null, null));
            for (CompletableFuture<HttpResponse<String>> each : waiting) {
                assertEquals(204, each.join().statusCode());
            }
            awaitServed(rest);
        }
    }

    /** The last answers are out before their places are free. */
    private static void awaitServed(Served rest) {
        while (rest.send("GET", "/connectors", "").statusCode() != 200) {
            Thread.onSpinWait();
        }
    }

    @Test
    void a_request_that_does_not_arrive_is_cut_off() throws Exception {
        try (Served rest = new Served();
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), rest.port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write("PUT /health HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.UTF_8));

            InputStream in = socket.getInputStream();
            assertEquals(-1, in.read());
        }
    }

    @Test
    void closing_lets_what_is_being_answered_finish() throws Exception {
        Served rest = new Served(90_000, 60_000);
        rest.herder.returns("connectors", List.of());
        Semaphore asked = new Semaphore(0);
        List<Callback<Object>> callbacks = hang(rest, asked);
        CompletableFuture<HttpResponse<String>> waiting = put(rest, HANGS);
        asked.acquire();

        CompletableFuture<Void> closed = CompletableFuture.runAsync(rest::close);
        while (rest.send("GET", "/connectors", "").statusCode() != 503) {
            Thread.onSpinWait(); // not closing yet
        }
        assertFalse(closed.isDone());
        callbacks.get(0).onCompletion(null, null);

        assertEquals(204, waiting.join().statusCode());
        closed.join();
    }

    @Test
    void closing_cuts_off_what_does_not_finish() throws Exception {
        Served rest = new Served();
        CountDownLatch interrupted = new CountDownLatch(1);
        Semaphore asked = new Semaphore(0);
        rest.herder.on("pauseConnector", (arguments, callback) -> {
            asked.release();
            try {
                return new CountDownLatch(1).await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw new LevadaException(ErrorCode.GOING_AWAY, "interrupted");
            }
        });
        CompletableFuture<HttpResponse<String>> waiting = put(rest, "/connectors/a/pause");
        asked.acquire();

        rest.close();

        assertThrows(CompletionException.class, waiting::join);
        assertTrue(interrupted.await(60, TimeUnit.SECONDS));
    }

    @Test
    void a_server_that_does_nothing_closes_at_once_and_leaves_nothing() throws Exception {
        Served rest = new Served(90_000, 60_000);
        rest.herder.returns("connectors", List.of());
        rest.expect("GET", "/connectors", "", 200, "[]");
        InetSocketAddress address = rest.server.address();

        long start = System.nanoTime();
        rest.close();
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(30)); // half of what it has for others
        rest.close();

        while (Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("connect-rest-"))) {
            Thread.onSpinWait();
        }
        RestServer.start(address, rest.herder.herder(), () -> "", Gate.loopbackNames(), AccessControl.open())
                .close();
    }

    @Test
    void a_port_in_use_is_refused() {
        try (Served rest = new Served()) {
            LevadaException error = assertThrows(
                    LevadaException.class,
                    () -> RestServer.start(
                            rest.server.address(),
                            rest.herder.herder(),
                            () -> "",
                            Gate.loopbackNames(),
                            AccessControl.open()));

            assertEquals(ErrorCode.INVALID_REQUEST, error.code());
            assertTrue(error.line().contains("port " + rest.port() + " of "), error.line());
        }
    }
}
