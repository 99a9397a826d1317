package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Peers that send without end, and read nothing of what comes back: each is closed, or read from no further, or costs nothing,
 * and while all of them stand there the server holds no more than it may.
 */
final class Floods implements AutoCloseable {
    private static final String EVERYTHING = "{\"topic\":\"" + HostileServer.TOPIC + "\",\"from\":\"earliest\"}";
    /** No byte taken for so long is a peer that is read from no further. */
    private static final long BLOCKED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final int CHUNK_BYTES = 16 << 10;
    private static final int STALLED_READERS = 10;
    /** Of heap and beside it, of which the server has 128 MiB each. A pong for each ping would take more than twice that. */
    private static final long MOST_GROWTH_BYTES = 80L << 20;

    private final HostileServer server;
    private final Door door;
    private final List<RawConnection> open = new ArrayList<>();
    private final Map<String, Flood> floods = new LinkedHashMap<>();

    /** How a flood ended. */
    private enum Ending {
        /** All of it was taken. */
        TAKEN,
        CLOSED,
        BLOCKED
    }

    /** One of them, under way. */
    private record Flood(
            Set<Ending> expected, RawConnection connection, AtomicLong sent, CompletableFuture<Ending> ending) {}

    Floods(HostileServer server, Door door) {
        this.server = server;
        this.door = door;
    }

    /** Sends something again and again, so many bytes in all, on a thread of its own. */
    private void flood(String what, RawConnection connection, byte[] unit, long bytes, Ending... expected) {
        byte[] chunk = new byte[Math.max(1, CHUNK_BYTES / unit.length) * unit.length];
        for (int i = 0; i < chunk.length; i += unit.length) {
            System.arraycopy(unit, 0, chunk, i, unit.length);
        }
        AtomicLong sent = new AtomicLong();
        CompletableFuture<Ending> ending = new CompletableFuture<>();
        Thread sender = new Thread(
                () -> {
                    try {
                        while (sent.get() < bytes) {
                            connection.send(chunk);
                            sent.addAndGet(chunk.length);
                        }
                        ending.complete(Ending.TAKEN);
                    } catch (IOException e) {
                        ending.complete(Ending.CLOSED);
                    }
                },
                "flood of " + what);
        sender.setDaemon(true);
        sender.start();
        open.add(connection);
        floods.put(what, new Flood(EnumSet.of(expected[0], expected), connection, sent, ending));
    }

    private static Ending await(Flood flood) throws InterruptedException {
        long begun = System.nanoTime();
        long progress = begun;
        long sent = flood.sent.get();
        while (!flood.ending.isDone()) {
            long now = System.nanoTime();
            if (flood.sent.get() != sent) {
                sent = flood.sent.get();
                progress = now;
            }
            if (now - progress > BLOCKED_NANOS) {
                return Ending.BLOCKED;
            }
            assertTrue(now - begun < MOST_NANOS, sent + " bytes are taken, and on");
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return flood.ending.join();
    }

    /** All at once, with the readers that do not read; gives how each ended. */
    Map<String, String> run() throws Exception {
        long before = server.memoryBytes();
        byte[] ping = Frames.webSocket(Frames.PING, new byte[125]);
        byte[] get = Frames.text("GET /healthz HTTP/1.1\r\n" + door.headers() + "\r\n");
        flood("requests in a row", door.http(), get, 48 << 20, Ending.BLOCKED, Ending.CLOSED);
        if (door.known()) {
            flood("pings", door.webSocketSetUp(), ping, 48 << 20, Ending.values());
            flood("keepalives", door.setUp(), Frames.framed(Frames.keepalive()), 24 << 20, Ending.CLOSED);
            flood("metadata", door.setUp(), Frames.framed(Frames.pushMetadata()), 8 << 20, Ending.TAKEN);
            flood("fragments", door.setUp(), Frames.framed(fragment()), 64 << 20, Ending.CLOSED);
            RawConnection reader = door.setUp().send(Frames.framed(requestAll()));
            flood("request(n)", reader, Frames.framed(Frames.requestN(1, Integer.MAX_VALUE)), 4 << 20, Ending.TAKEN);
            openAndCancel(10_000);
            stall();
        } else {
            flood("pings", door.webSocket(), ping, 48 << 20, Ending.values());
            flood("keepalives", door.rsocket(), Frames.framed(Frames.keepalive()), 24 << 20, Ending.CLOSED);
            flood("metadata", door.rsocket(), Frames.framed(Frames.pushMetadata()), 24 << 20, Ending.CLOSED);
            byte[] chunk = Frames.text("400\r\n" + "x".repeat(1024) + "\r\n");
            flood("a body of nobody", endlessBody(), chunk, Long.MAX_VALUE, Ending.CLOSED, Ending.BLOCKED);
        }
        Map<String, String> endings = new LinkedHashMap<>();
        for (Map.Entry<String, Flood> each : floods.entrySet()) {
            Ending ending = await(each.getValue());
            endings.put(each.getKey(), ending + " after " + each.getValue().sent + " bytes");
            assertTrue(each.getValue().expected.contains(ending), endings.toString());
        }
        long grown = server.memoryBytes() - before;
        assertTrue(grown < MOST_GROWTH_BYTES, grown + " bytes more are held: " + endings);
        long held = server.metric("levada_inflight_bytes");
        assertTrue(held <= server.metric("levada_inflight_limit_bytes"), held + " bytes are held for connections");
        endings.put("memory", grown + " bytes more");
        return endings;
    }

    private static byte[] requestAll() {
        return Frames.requestStream(1, Integer.MAX_VALUE, "read", EVERYTHING);
    }

    private static byte[] fragment() {
        return Frames.frame(1, Frames.PAYLOAD << 10 | Frames.NEXT | Frames.FOLLOWS, new byte[8 << 10]);
    }

    private RawConnection endlessBody() throws IOException {
        return door.http()
                .send("POST /v1/topics/" + HostileServer.TOPIC + "/records HTTP/1.1\r\n" + door.headers()
                        + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    /** It reads what comes of it, so that it may go on. */
    private void openAndCancel(int times) throws IOException {
        try (RawConnection peer = door.setUp()) {
            for (int i = 0; i < times; i++) {
                int streamId = 2 * i + 1;
                peer.send(Frames.framed(Frames.requestStream(streamId, 1, "read", EVERYTHING)))
                        .send(Frames.framed(Frames.cancel(streamId)));
                if (i % 64 == 63) {
                    assertTrue(!peer.hasEnded(1), "closed for opening and cancelling");
                }
            }
        }
    }

    /** Live streams of everything, in both forms, of which nobody reads a byte. */
    private void stall() throws IOException {
        for (int i = 0; i < STALLED_READERS; i++) {
            open.add(door.http()
                    .send("GET /v1/topics/" + HostileServer.TOPIC + "/stream?from=earliest HTTP/1.1\r\n"
                            + door.headers() + (i % 2 == 0 ? "Accept: application/x-ndjson\r\n" : "") + "\r\n"));
            open.add(door.setUp().send(Frames.framed(requestAll())));
        }
        assertEquals(false, open.isEmpty());
    }

    @Override
    public void close() throws IOException {
        for (RawConnection each : open) {
            each.close();
        }
    }
}
