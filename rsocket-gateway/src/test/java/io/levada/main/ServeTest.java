package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ServeTest {
    @TempDir
    private Path directory = Path.of("");

    private static byte[] numbers(int count) {
        return IntStream.range(0, count)
                .mapToObj(n -> "key-" + n % 50 + "," + n + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8);
    }

    private static List<String> consumed(String address) {
        Program all = Program.run(
                "--server", address, "consume", "t", "--from", "earliest", "--to", "now", "--format", "json");
        assertEquals(0, all.code(), all.err());
        return all.out().lines().sorted().toList();
    }

    @Test
    void what_was_published_is_there_after_kill_9() throws Exception {
        Path store = directory.resolve("store");
        List<String> before;
        try (ServeProcess server = ServeProcess.start(store)) {
            assertTrue(
                    server.ready().matches("ready rsocket://127\\.0\\.0\\.1:\\d+ http://127\\.0\\.0\\.1:\\d+"),
                    server.ready());
            String address = server.address();
            assertEquals(
                    0,
                    Program.run("--server", address, "topic", "create", "t", "--partitions", "4")
                            .code());
            Program publish = Program.run(
                    numbers(5_000), "publish", "t", "--key-delimiter", ",", "--codec", "lz4", "--server", address);
            assertEquals("published 5000 records\n", publish.err());
            before = consumed(address);
            assertEquals(5_000, before.size());
            server.kill();
        }
        try (ServeProcess server = ServeProcess.start(store)) {
            assertEquals(before, consumed(server.address()));

            long started = System.nanoTime();
            assertEquals(0, server.terminate());
            assertTrue(System.nanoTime() - started < Duration.ofSeconds(10).toNanos(), "SIGTERM took too long");
        }
    }

    @Test
    void a_directory_in_use_is_refused_and_its_server_goes_on() throws Exception {
        try (ServeProcess server = ServeProcess.start(directory.resolve("store"))) {
            Program second = Program.run(
                    "serve", "--store", "file:" + directory.resolve("store"), "--port", "0", "--http-port", "0");

            assertEquals(1, second.code());
            assertTrue(second.err().matches("[A-Z_]+: [^\n]*in use[^\n]*\n"), second.err());
            assertEquals("", second.out());
            assertEquals(
                    0,
                    Program.run("--server", server.address(), "topic", "list").code());
        }
    }

    @Test
    void a_port_in_use_is_named() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = String.valueOf(taken.getLocalPort());

            Program tcp = Program.run("serve", "--store", "memory:", "--port", port, "--http-port", "0");
            Program http = Program.run("serve", "--store", "memory:", "--port", "0", "--http-port", port);

            for (Program refused : List.of(tcp, http)) {
                assertEquals(1, refused.code());
                assertTrue(refused.err().matches("[A-Z_]+: [^\n]*port " + port + "[^\n]*\n"), refused.err());
                assertEquals("", refused.out());
            }
        }
    }

    @Test
    void an_address_that_others_reach_needs_insecure_and_touches_nothing() {
        Path store = directory.resolve("store");

        Program refused = Program.run("serve", "--store", "file:" + store, "--host", "0.0.0.0", "--port", "0");

        assertEquals(1, refused.code());
        assertTrue(refused.err().matches("[A-Z_]+: [^\n]*--insecure[^\n]*\n"), refused.err());
        assertFalse(Files.exists(store), "nothing was opened");
    }

    @Test
    void an_origin_that_no_browser_sends_is_refused() {
        Program refused = Program.run("serve", "--store", "memory:", "--allow-origin", "https://app.example/path");
        assertEquals(2, refused.code());
        assertTrue(refused.err().contains("an origin like https://app.example"), refused.err());
    }

    @Test
    void a_server_that_is_not_there_is_said_so() {
        Program list = Program.run("topic", "list", "--server", "rsocket://127.0.0.1:1");

        assertEquals(1, list.code());
        assertTrue(list.err().matches("CONNECTION_LOST: [^\n]+\n"), list.err());
    }

    @Test
    void an_address_of_no_engine_is_refused() {
        Program list = Program.run("topic", "list", "--server", "gopher://x");

        assertEquals(1, list.code());
        assertTrue(list.err().startsWith("INVALID_REQUEST: no engine for the address 'gopher://x'"), list.err());
    }
}
