package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.cli.CommandContext;
import io.levada.cli.Shutdown;
import io.levada.cli.Terminal;
import io.levada.gateway.GatewayConfig;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DemoTest {
    @TempDir
    private Path directory = Path.of("");

    @Test
    void the_main_job_is_done_on_real_data_and_checked() {
        Program demo = Program.run("demo", "--keep", directory.resolve("log").toString());

        assertEquals(0, demo.code(), demo.out() + demo.err());
        assertEquals("", demo.err());
        assertFalse(demo.out().contains("\u001b"), "no colour in a pipe");
        assertEquals(
                4, demo.out().lines().filter(line -> line.startsWith("  ok ")).count(), demo.out());
        List<String> rows = demo.out()
                .lines()
                .filter(line -> line.matches(" +(audit|delays|crowd) +[a-z]+(-\\d)? .*"))
                .filter(line -> line.matches(".* yes +0$"))
                .toList();
        assertEquals(12, rows.size(), demo.out());
        assertEquals(2, rows.stream().filter(row -> row.contains("none, idle")).count(), demo.out());
        assertTrue(rows.get(3).contains("until it left"), demo.out());
        assertTrue(demo.out().contains("levada demo --live"), demo.out());
    }

    @Test
    void the_live_page_is_served_until_it_is_told_to_stop() throws Exception {
        Shutdown shutdown = Shutdown.none();
        try (PipedInputStream printed = new PipedInputStream();
                OutputStream out = new PipedOutputStream(printed)) {
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            Terminal terminal = new Terminal(
                    InputStream.nullInputStream(),
                    out,
                    new PrintStream(err, true, StandardCharsets.UTF_8),
                    false,
                    false);
            String log = directory.resolve("log").toString();
            CompletableFuture<Integer> code = CompletableFuture.supplyAsync(
                    () -> Main.run(terminal, shutdown, "demo", "--live", "--rate", "1000", "--keep", log));
            BufferedReader lines = new BufferedReader(new InputStreamReader(printed, StandardCharsets.UTF_8));
            String ready = lines.readLine();
            String page = lines.readLine();

            assertTrue(ready.matches("ready rsocket://127\\.0\\.0\\.1:\\d+ http://127\\.0\\.0\\.1:\\d+"), ready);
            assertEquals("demo " + ready.split(" ", -1)[2] + "/demo", page);
            assertTrue(get(page.split(" ", -1)[1]).contains("<title>Levada"));
            try (Levada levada = Levada.open(ready.split(" ", -1)[1])) {
                StoredRecord record = levada.read(ReadSpec.of(DemoStream.TOPIC)).blockFirst();
                assertTrue(String.valueOf(record).contains(DemoStream.TOPIC), String.valueOf(record));
            }
            assertFalse(code.isDone());
            shutdown.request();
            assertEquals(0, code.get(), err.toString(StandardCharsets.UTF_8));
        }
    }

    private static String get(String url) throws Exception {
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(200, response.statusCode());
        return response.body();
    }

    @Test
    void at_a_terminal_the_page_is_shown_and_enter_ends_it() throws Exception {
        List<String> shown = new CopyOnWriteArrayList<>();
        try (PipedOutputStream keyboard = new PipedOutputStream();
                InputStream in = new PipedInputStream(keyboard);
                Server server = Server.start("memory:", GatewayConfig.defaults().withPorts(0, 0))) {
            Terminal terminal = new Terminal(
                    in, new ByteArrayOutputStream(), new PrintStream(new ByteArrayOutputStream(), true), true, true);
            CommandContext context = new CommandContext(terminal, Shutdown.none());
            DemoLive live = new DemoLive(
                    context,
                    page -> {
                        shown.add(page);
                        pressEnter(keyboard);
                    },
                    Flights.load(),
                    1_000);
            List<String> told = new ArrayList<>();

            live.run(server, told::add);

            assertEquals(List.of(server.httpAddress() + "/demo"), shown);
            assertEquals(shown, told);
        }
    }

    private static void pressEnter(OutputStream keyboard) {
        try {
            keyboard.write('\n');
            keyboard.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void what_cannot_be_shown_is_explained() {
        assertEquals(
                "INVALID_REQUEST: --http-port is 0 to 65535, not 70000; see 'levada demo --help'\n",
                Program.run("demo", "--http-port", "70000").err());
        assertEquals(2, Program.run("demo", "--live", "--rate", "0").code());
    }
}
