package io.levada.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.engine.EmbeddedEngine;
import io.levada.gateway.GatewayConfig;
import io.levada.gateway.GatewayServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickstartTest {
    @Test
    void it_runs_in_memory() {
        heardAll("memory:", 3);
    }

    @Test
    void it_goes_on_where_it_left_off_on_disk(@TempDir Path dir) {
        String address = "file:" + dir.resolve("data");
        heardAll(address, 3);
        heardAll(address, 6);
    }

    @Test
    void it_runs_the_same_against_a_server() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                GatewayServer server =
                        GatewayServer.start(engine, GatewayConfig.defaults().withPorts(0, 0))) {
            heardAll("rsocket://127.0.0.1:" + server.tcpAddress().getPort(), 3);
            heardAll("ws://127.0.0.1:" + server.httpAddress().getPort() + "/rsocket", 6);
        }
    }

    private static void heardAll(String address, int stored) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Quickstart.run(address, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(7, lines.size(), lines.toString());
        assertTrue(lines.subList(0, 3).stream().allMatch(line -> line.startsWith("durable at ")), lines.toString());
        assertEquals(
                Set.of("heard good morning Calheta", "heard good morning Funchal", "heard good morning Machico"),
                new TreeSet<>(lines.subList(3, 6)));
        assertEquals(stored + " greetings are stored at " + address, lines.get(6));
    }
}
