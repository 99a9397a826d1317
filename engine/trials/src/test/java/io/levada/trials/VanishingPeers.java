package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Peers that are gone in the middle of something: with a reset, again and again, or without a word. */
final class VanishingPeers {
    private static final String EVERYTHING = "{\"topic\":\"" + HostileServer.TOPIC + "\",\"from\":\"earliest\"}";
    private static final int KEEPALIVE_MS = 250;
    private static final int LIFETIME_MS = 1_000;
    private static final Duration SLACK = Duration.ofSeconds(5);
    private static final int STORMERS = 4;

    private final HostileServer server;
    private final Door door;

    VanishingPeers(HostileServer server, Door door) {
        this.server = server;
        this.door = door;
    }

    /** A moment at which a peer is gone. */
    private interface Moment {
        RawConnection come() throws IOException;
    }

    private Map<String, Moment> moments() {
        Map<String, Moment> all = new LinkedHashMap<>();
        all.put("at once", () -> Door.bare(door.port()));
        all.put("at once, HTTP", () -> Door.bare(door.httpPort()));
        all.put("in a handshake", () -> Door.bare(door.port()).send(Frames.hex("160301020001")));
        all.put("in a SETUP", () -> door.rsocket().send(Frames.framed(door.setup()), 20));
        all.put("in a head", () -> door.http().send("GET /v1/topics HTTP/1.1\r\nHo"));
        all.put("in a body", () -> door.http().send(post("application/json") + "[{\"value\":"));
        all.put("in lines", () -> door.http().send(post("application/x-ndjson") + "{\"value\":1}\n{\"val"));
        all.put("in an upgrade", () -> door.http().send(door.upgrade()));
        all.put("in a WebSocket frame", () -> door.webSocket().send(Frames.webSocket(Frames.BINARY, door.setup()), 20));
        if (door.known()) {
            byte[] request = Frames.requestStream(1, Integer.MAX_VALUE, "read", EVERYTHING);
            all.put("in a frame", () -> door.setUp().send(Frames.framed(request), 30));
            all.put("in a stream", () -> begun(door.setUp().send(Frames.framed(request))));
            all.put(
                    "in a stream over a WebSocket",
                    () -> begun(door.webSocketSetUp().send(Frames.webSocket(Frames.BINARY, request))));
            all.put(
                    "in a live stream of HTTP",
                    () -> begun(door.http()
                            .send("GET /v1/topics/" + HostileServer.TOPIC + "/stream?from=earliest HTTP/1.1\r\n"
                                    + door.headers() + "\r\n")));
        }
        return all;
    }

    private String post(String type) {
        return "POST /v1/topics/" + HostileServer.TOPIC + "/records HTTP/1.1\r\n" + door.headers() + "Content-Type: "
                + type + "\r\nContent-Length: 10000\r\n\r\n";
    }

    private static RawConnection begun(RawConnection connection) {
        assertTrue(!connection.hasEnded((int) Door.PATIENCE.toMillis()), "it is served first");
        return connection;
    }

    /** So many are reset at each moment. */
    void reset(int times) throws IOException {
        for (Moment moment : moments().values()) {
            for (int i = 0; i < times; i++) {
                moment.come().reset();
            }
        }
    }

    /** So many come and are gone, some at once and some in the middle, as fast as several can. */
    void storm(int times) {
        List<Moment> all = List.copyOf(moments().values()).subList(0, 3);
        List<CompletableFuture<Void>> stormers = new ArrayList<>();
        for (int i = 0; i < STORMERS; i++) {
            stormers.add(CompletableFuture.runAsync(() -> {
                for (int j = 0; j < times / STORMERS; j++) {
                    try {
                        all.get(j % all.size()).come().reset();
                    } catch (IOException e) {
                        throw new AssertionError("the server does not take connection " + j, e);
                    }
                }
            }));
        }
        stormers.forEach(CompletableFuture::join);
    }

    /**
     * So many set up, read, and then are as if stopped: they say nothing and read nothing, and neither they nor their machine
     * close anything. Their keepalive ends them, and what they held is given back. Gives how many there were.
     */
    int fallSilent(int times) throws Exception {
        long before = server.metric("levada_subscriptions");
        byte[] setup = Frames.setup(door.token(), KEEPALIVE_MS, LIFETIME_MS);
        byte[] request = Frames.requestStream(1, Integer.MAX_VALUE, "read", EVERYTHING);
        List<RawConnection> silent = new ArrayList<>();
        try {
            for (int i = 0; i < times; i++) {
                silent.add(
                        i % 2 == 0
                                ? door.rsocket().send(Frames.framed(setup)).send(Frames.framed(request))
                                : door.webSocket()
                                        .send(Frames.webSocket(Frames.BINARY, setup))
                                        .send(Frames.webSocket(Frames.BINARY, request)));
            }
            long most = before;
            for (int i = 0; i < 50 && most <= before; i++) {
                TimeUnit.MILLISECONDS.sleep(20);
                most = server.metric("levada_subscriptions");
            }
            assertTrue(most > before, "none of them reads: " + most);
            long end = System.nanoTime() + SLACK.plusMillis(2 * LIFETIME_MS).toNanos();
            long left = most;
            while (left > before) {
                assertTrue(System.nanoTime() < end, left + " subscriptions are left, " + before + " were there");
                TimeUnit.MILLISECONDS.sleep(100);
                left = server.metric("levada_subscriptions");
            }
            return times;
        } finally {
            for (RawConnection each : silent) {
                each.close();
            }
        }
    }
}
