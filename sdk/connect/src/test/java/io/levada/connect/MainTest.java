package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.access.AccessFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program, as a process of its own. */
class MainTest {
    private final Path directory;
    private final Path said;
    private final List<Process> started = new ArrayList<>();

    MainTest(@TempDir Path directory) {
        this.directory = directory;
        this.said = directory.resolve("said");
    }

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    private Process start(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()))
                .start();
        started.add(process);
        return process;
    }

    private int run(String... args) throws Exception {
        Process process = start(args);
        assertTrue(process.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS), this::words);
        return process.exitValue();
    }

    private String words() {
        try {
            return Files.readString(said);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void copies_a_file_and_ends_cleanly_when_it_is_told_to() throws Exception {
        Path from = Files.writeString(directory.resolve("from"), "one\ntwo\n");
        Path to = directory.resolve("to");
        Path source = Files.writeString(
                directory.resolve("source.json"),
                "{\"name\":\"source\",\"config\":{\"connector.class\":\"FileStreamSource\",\"tasks.max\":1,\"file\":\""
                        + from + "\",\"topic\":\"lines\"}}");
        Path sink = Files.writeString(
                directory.resolve("sink.json"),
                "{\"name\":\"sink\",\"connector.class\":\"FileStreamSink\",\"tasks.max\":1,\"file\":\"" + to
                        + "\",\"topics\":\"lines\"}");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String log = "file:" + directory.resolve("log");
        Process process =
                start("--server", log, "--rest-port", String.valueOf(port), source.toString(), sink.toString());
        Await.until("copied", () -> read(to).equals("one\ntwo\n"));
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/connectors"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertTrue(answer.body().contains("\"source\"") && answer.body().contains("\"sink\""), answer.body());

        process.destroy();
        assertTrue(process.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS), this::words);
        assertEquals(0, process.exitValue(), this::words);
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void asks_who_uses_its_rest_api_where_it_is_told_how() throws Exception {
        AccessFiles files = new AccessFiles(directory)
                .permissions("rules: [{principals: [seer], operations: [describe], connectors: [lines]}]");
        String token = files.token("seer");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        List<String> options = List.of(
                "--server",
                "memory:",
                "--rest-port",
                String.valueOf(port),
                "--auth-tokens",
                directory.resolve("tokens").toString(),
                "--permissions",
                directory.resolve("permissions.yaml").toString());
        start(options.toArray(new String[0]));
        Await.until("ready", () -> words().contains("for who shows who they are"));

        HttpRequest.Builder list = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/connectors"));
        HttpClient client = HttpClient.newHttpClient();
        assertEquals(
                401,
                client.send(list.build(), HttpResponse.BodyHandlers.ofString()).statusCode());
        HttpResponse<String> known = client.send(
                list.header("Authorization", "Bearer " + token).build(), HttpResponse.BodyHandlers.ofString());
        assertEquals("[]", known.body());
    }

    @Test
    void options_that_do_not_fit_together_are_wrong_usage() throws Exception {
        assertEquals(2, run("--server", "memory:", "--auth-tokens", "t"));
        assertTrue(words().contains("whoever is let in may do nothing without --permissions FILE"), words());
        assertEquals(2, run("--server", "memory:", "--permissions", "p"));
        assertTrue(
                words().contains("add how they show who they are: --auth-tokens or --auth-jwks or --auth-passwords\n"),
                words());
        assertEquals(2, run("--server", "memory:", "--auth-certificates", "c"));
        assertTrue(words().contains("Unknown option"), words());
        assertEquals(1, run("--server", "memory:", "--auth-tokens", "/nowhere", "--permissions", "/nowhere"));
        assertTrue(words().contains("INVALID_CONFIG: --permissions /nowhere: cannot be read"), words());
    }

    @Test
    void says_in_one_line_what_is_wrong() throws Exception {
        Path nameless = Files.writeString(directory.resolve("nameless.json"), "{\"config\":{}}");
        assertEquals(1, run("--server", "memory:", "--rest-port", "0", nameless.toString()));
        assertTrue(
                words().contains("INVALID_REQUEST: " + nameless + " names no connector; give it a \"name\""), words());

        Path unknown = Files.writeString(
                directory.resolve("unknown.json"), "{\"name\":\"n\",\"connector.class\":\"NoSuchThing\"}");
        assertEquals(1, run("--server", "memory:", "--rest-port", "0", unknown.toString()));
        assertTrue(words().contains("INVALID_CONFIG: " + unknown + ": "), words());

        assertEquals(2, run("--rest-port", "many"));
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertEquals(1, run("--server", "memory:", "--rest-port", String.valueOf(taken.getLocalPort())));
            assertTrue(words().contains("port " + taken.getLocalPort()), words());
        }
    }
}
