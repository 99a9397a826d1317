package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Many peers at once that take their time over what a server has to have in time: each is closed when its time is over, and
 * not before. For one thread.
 */
final class SlowPeers implements AutoCloseable {
    /** Of heads, SETUPs, upgrades and handshakes. */
    static final Duration BOUND = Duration.ofSeconds(5);
    /** Of a body that stands still. */
    static final Duration BODY_BOUND = Duration.ofSeconds(30);

    /** What a machine that is busy may add. */
    private static final Duration SLACK = Duration.ofSeconds(8);

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int KINDS = 6;
    private static final int KINDS_WITH_TLS = 10;
    private static final int KEEPALIVE_MS = 1_000;
    private static final int LIFETIME_MS = 4_000;
    /** What a TLS client says first, cut off: a record of a handshake that is to have 512 bytes, and says hello. */
    private static final String CLIENT_HELLO = "1603010200 01 0001fc 0303";

    private final Door door;
    private final int each;
    private final List<Peer> peers = new ArrayList<>();

    /** What is sent at once, and what comes byte by byte behind it. */
    private interface Opening {
        RawConnection open() throws IOException;
    }

    /** One that is slow. */
    private static final class Peer {
        private final String kind;
        private final RawConnection connection;
        private final byte[] drops;
        private final Duration bound;
        private final long beganNanos;
        private final long openNanos;
        private int dropped;
        private long endedNanos;

        Peer(String kind, Opening opening, byte[] drops, Duration bound) throws IOException {
            this.kind = kind;
            this.drops = drops;
            this.bound = bound;
            beganNanos = System.nanoTime();
            connection = opening.open();
            openNanos = System.nanoTime();
        }

        boolean hasEnded() {
            return endedNanos != 0;
        }

        /** Another byte, if there is one, and a look whether the server has closed. */
        void go() {
            boolean over = false;
            if (dropped < drops.length) {
                try {
                    connection.send(drops[dropped++]);
                } catch (IOException closed) {
                    over = true;
                }
            }
            int arrived = over ? -1 : 1;
            while (arrived > 0) {
                arrived = connection.arrived(1);
            }
            if (arrived < 0) {
                endedNanos = System.nanoTime();
            }
        }

        boolean isLate(long nowNanos) {
            return !hasEnded() && nowNanos - openNanos > bound.plus(SLACK).toNanos();
        }

        boolean wasEarly() {
            return hasEnded() && endedNanos - beganNanos < bound.toNanos() * 8 / 10;
        }

        @Override
        public String toString() {
            return kind;
        }
    }

    /**
     * @param count how many, of all kinds together
     */
    SlowPeers(Door door, int count) {
        this.door = door;
        this.each = Math.max(1, count / (door.secured() ? KINDS_WITH_TLS : KINDS));
    }

    private void add(String kind, Opening opening, byte[] drops, Duration bound) throws IOException {
        for (int i = 0; i < each; i++) {
            peers.add(new Peer(kind, opening, drops, bound));
        }
    }

    private void add(String kind, Opening opening, byte... drops) throws IOException {
        add(kind, opening, drops, BOUND);
    }

    /** Those that are slow before the server can know who they are, and behind that. */
    SlowPeers open() throws IOException {
        byte[] line = Frames.text("GET /v1/topics HTTP/1.1\r\n" + door.headers() + "X: " + "x".repeat(1_000));
        add("a head", door::http, line);
        add("a SETUP", door::rsocket, Frames.framed(door.setup()));
        add("an upgrade", door::http, Frames.text(door.upgrade()));
        add("a WebSocket without SETUP", door::webSocket);
        if (door.known()) {
            add("a second head", this::answered, line);
            add(
                    "a frame",
                    () -> door.rsocket()
                            .send(Frames.framed(Frames.setup(door.token(), KEEPALIVE_MS, LIFETIME_MS)))
                            .send(Frames.framed(new byte[1_000]), 500),
                    new byte[100],
                    Duration.ofMillis(LIFETIME_MS));
        } else {
            add("silence", door::rsocket);
            add("silence on the HTTP port", door::http);
            add("a body of nobody", this::refused, new byte[1_000]);
        }
        if (door.secured()) {
            byte[] hello = new byte[512];
            byte[] begin = Frames.hex(CLIENT_HELLO);
            System.arraycopy(begin, 0, hello, 0, begin.length);
            add("a handshake", () -> Door.bare(door.port()), hello);
            add("a handshake on the HTTP port", () -> Door.bare(door.httpPort()), hello);
            add("silence for a handshake", () -> Door.bare(door.port()));
        }
        return this;
    }

    /** Those whose bodies stand still, which takes longer. */
    SlowPeers openBodies() throws IOException {
        add("a body", () -> body("application/json"), new byte[0], BODY_BOUND);
        return this;
    }

    private RawConnection answered() throws IOException {
        RawConnection connection = door.http().send("GET /readyz HTTP/1.1\r\n" + door.headers() + "\r\n");
        assertTrue(connection.head(Door.PATIENCE).startsWith("HTTP/1.1 200"));
        return connection;
    }

    /** Answered before its body was there, which goes on then. */
    private RawConnection refused() throws IOException {
        RawConnection connection = body("application/json");
        assertTrue(connection.head(Door.PATIENCE).startsWith("HTTP/1.1 401"));
        return connection.send((byte) 0);
    }

    private RawConnection body(String type) throws IOException {
        return door.http()
                .send("POST /v1/topics/" + HostileServer.TOPIC + "/records HTTP/1.1\r\n" + door.headers()
                        + "Content-Type: " + type + "\r\nContent-Length: 10000\r\n\r\n[");
    }

    /** Goes on being slow until all are closed; fails for those that are not in time, or too early; gives how many there were. */
    int awaitClosed() {
        while (peers.stream().anyMatch(peer -> !peer.hasEnded())) {
            long turn = System.nanoTime();
            peers.stream().filter(peer -> !peer.hasEnded()).forEach(Peer::go);
            List<String> late = peers.stream()
                    .filter(peer -> peer.isLate(System.nanoTime()))
                    .map(Peer::toString)
                    .distinct()
                    .toList();
            assertEquals(List.of(), late, "not closed in time");
            LockSupport.parkNanos(turn + PAUSE_NANOS - System.nanoTime());
        }
        List<String> early = peers.stream()
                .filter(Peer::wasEarly)
                .map(Peer::toString)
                .distinct()
                .toList();
        assertEquals(List.of(), early, "closed for something else than their slowness");
        return peers.size();
    }

    @Override
    public void close() throws IOException {
        for (Peer peer : peers) {
            peer.connection.close();
        }
    }
}
