package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Peers that were cut off in the middle of something, and so leave connections behind of which the server alone can know that
 * nobody is there any more. Keepalives of RSocket tell it, and where there are none, in a body of lines, those of TCP.
 */
final class HalfOpenPeers implements AutoCloseable {
    /** Long enough for all of a kind to come, and be cut off. */
    static final int LIFETIME_MS = 6_000;

    private static final int KEEPALIVE_MS = 250;
    private static final Duration SLACK = Duration.ofSeconds(5);
    /** What HTTP.md says of a body of lines: 60 s, and three probes of 10 s. */
    private static final Duration LINES_BOUND = Duration.ofSeconds(90);

    private static final Duration LINES_SLACK = Duration.ofSeconds(15);
    /** Records that each wants: the cable holds little. */
    private static final int FEW = 3;

    private static final String EVERYTHING = "{\"topic\":\"" + HostileServer.TOPIC + "\",\"from\":\"earliest\"}";

    private final Door door;
    private final int lifetimeMs;
    private final Cable rsocket;
    private final Cable webSocket;
    private final Cable lines;
    private final List<RawConnection> all = new ArrayList<>();
    private long pulledNanos;

    HalfOpenPeers(Door door, int lifetimeMs) throws IOException {
        this.door = door;
        this.lifetimeMs = lifetimeMs;
        rsocket = new Cable(door.port());
        webSocket = new Cable(door.httpPort());
        lines = new Cable(door.httpPort());
    }

    /** So many of each kind come, are served, and are cut off. */
    HalfOpenPeers cutOff(int each) throws IOException {
        byte[] setup = Frames.setup(door.token(), KEEPALIVE_MS, lifetimeMs);
        byte[] request = Frames.requestStream(1, FEW, "read", EVERYTHING);
        cutOff(rsocket, each, connection -> connection
                .send(Frames.framed(setup))
                .send(Frames.framed(request)));
        cutOff(webSocket, each, connection -> {
            connection.send(door.upgrade() + "\r\n").head(Door.PATIENCE);
            connection.send(Frames.webSocket(Frames.BINARY, setup)).send(Frames.webSocket(Frames.BINARY, request));
        });
        cutOff(
                lines,
                each,
                connection -> connection.send("POST /v1/topics/" + HostileServer.TOPIC + "/records HTTP/1.1\r\n"
                        + door.headers()
                        + "Content-Type: application/x-ndjson\r\nContent-Length: 10000\r\n\r\n{\"value\":1}\n"));
        pulledNanos = System.nanoTime();
        return this;
    }

    /** What one says before it is cut off. */
    private interface Words {
        void say(RawConnection connection) throws IOException;
    }

    private void cutOff(Cable cable, int each, Words words) throws IOException {
        for (int i = 0; i < each; i++) {
            RawConnection connection = new RawConnection(cable.port(), door.tls());
            all.add(connection);
            words.say(connection);
            assertTrue(connection.arrived((int) Door.PATIENCE.toMillis()) > 0, "it is served first");
        }
        cable.pull();
        assertEquals(each, cable.heldByServer(), "connections that the server holds");
    }

    /** Waits for the server to close those of RSocket; gives how many there were. */
    int awaitClosed() throws InterruptedException {
        Duration bound = Duration.ofMillis(2L * LIFETIME_MS).plus(SLACK);
        return awaitClosed(rsocket, bound) + awaitClosed(webSocket, bound);
    }

    /** Waits for the server to close the bodies of lines; gives how many there were. */
    int awaitLinesClosed() throws InterruptedException {
        return awaitClosed(lines, LINES_BOUND.plus(LINES_SLACK));
    }

    private int awaitClosed(Cable cable, Duration bound) throws InterruptedException {
        HostileServer.await(
                bound.minusNanos(System.nanoTime() - pulledNanos),
                () -> cable.heldByServer() == 0,
                () -> "not closed within " + bound + ": " + cable.heldByServer() + " connections of nobody");
        assertEquals(cable.cutOff(), cable.heldByPeers(), "connections of which the other end has heard nothing");
        return cable.cutOff();
    }

    @Override
    public void close() throws IOException {
        List.of(rsocket, webSocket, lines).forEach(Cable::close);
        for (RawConnection each : all) {
            each.close();
        }
    }
}
