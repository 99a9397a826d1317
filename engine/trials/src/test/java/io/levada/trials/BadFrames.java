package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Frames, heads and bodies that are not as they should be, or too large: each costs its connection, and a line that says why. */
final class BadFrames {
    private static final String EVERYTHING = "{\"topic\":\"" + HostileServer.TOPIC + "\",\"from\":\"earliest\"}";
    /** Frames in hexadecimal (stream id, type and flags, the rest), by what the log says of them. */
    private static final Map<String, String> FIRST = Map.of(
            "a frame of type 0x04 before SETUP", "00000001 1000 00",
            "a frame of type 0x08 before SETUP", "00000001 2000 00000001",
            "a frame of type 0x0a before SETUP", "00000001 2820 00",
            "a frame of type 0x0d before SETUP", "00000000 3400 00",
            "a frame of 3 bytes", "000001",
            "a SETUP of 7 bytes", "00000000 0400 00",
            "keepalive every 1 ms", "00000000 0400 00010000 00000001 00000001 00 00 00");

    private static final Map<String, String> LATER = Map.ofEntries(
            Map.entry("a frame of type 0x01, which", "00000000 0400 0001000000004e20000124f8 00 00"),
            Map.entry("a request on stream 1 with an initial request(n)", "00000001 1800 00000000"),
            Map.entry("a request on stream 3 with an initial request(n)", "00000003 1800 80000000"),
            Map.entry("a REQUEST_N that is not above 0", "00000001 2000 00000000"),
            Map.entry("metadata longer than its frame", "00000001 1100 ffffff00"),
            Map.entry("a request on stream 2 behind", "00000002 1000 00"),
            Map.entry("a request on stream 0 behind", "00000000 1800 00000001"),
            Map.entry("a request on stream -2147483647 behind", "80000001 1000 00"),
            Map.entry("neither NEXT nor COMPLETE", "00000001 2800 00"),
            Map.entry("a frame of type 0x3c, which", "00000001 f000 00"),
            Map.entry("a frame of type 0x02, which", "00000000 0800 00"),
            Map.entry("an ERROR without a code", "00000001 2c00 00"),
            Map.entry("KEEPALIVE on stream 1", "00000001 0c80 0000000000000000"),
            Map.entry("METADATA_PUSH on stream 7", "00000007 3100 00"));

    private final HostileServer server;
    private final Door door;

    BadFrames(HostileServer server, Door door) {
        this.server = server;
        this.door = door;
    }

    /** Runs all of them; gives how many there were. */
    int run() throws Exception {
        int from = server.words().length();
        Map<String, String> frames = door.known() ? LATER : FIRST;
        for (Map.Entry<String, String> frame : frames.entrySet()) {
            byte[] bytes = Frames.hex(frame.getValue());
            try (RawConnection tcp = door.known() ? door.setUp() : door.rsocket();
                    RawConnection webSocket = door.known() ? door.webSocketSetUp() : door.webSocket()) {
                tcp.send(Frames.framed(bytes)).rest(Door.PATIENCE);
                webSocket.send(Frames.webSocket(Frames.BINARY, bytes)).rest(Door.PATIENCE);
            }
            server.awaitLogged(from, frame.getKey(), 2);
        }
        if (door.known()) {
            askForMore();
        } else {
            nobody();
        }
        return frames.size() * 2 + tooLarge();
    }

    /** As much as can be asked for, and twice that again, is no fault. */
    private void askForMore() throws IOException {
        try (RawConnection peer = door.setUp()) {
            peer.send(Frames.framed(Frames.requestStream(1, Integer.MAX_VALUE, "read", EVERYTHING)))
                    .send(Frames.framed(Frames.requestN(1, Integer.MAX_VALUE)))
                    .send(Frames.framed(Frames.requestN(1, Integer.MAX_VALUE)));
            for (int i = 0; i < 10; i++) {
                assertTrue(!peer.hasEnded((int) Door.PATIENCE.toMillis()), "closed for what it asked for");
            }
        }
    }

    /** Who sets up without credentials is told so, and nothing it asks for behind that is served. */
    private void nobody() throws IOException {
        try (RawConnection peer = door.setUp().send(Frames.framed(Frames.requestStream(1, 1, "read", EVERYTHING)))) {
            String answer = peer.rest(Door.PATIENCE);
            assertTrue(answer.contains("UNAUTHENTICATED") && !answer.contains("\"offset\""), answer);
        }
    }

    private int tooLarge() throws Exception {
        Map<String, String> requests = new LinkedHashMap<>();
        String post = "POST /v1/topics/" + HostileServer.TOPIC + "/records HTTP/1.1\r\n" + door.headers();
        requests.put("GET /v1/topics HTTP/1.1\r\n" + door.headers() + "X: " + "x".repeat(20_000) + "\r\n\r\n", "4");
        requests.put("GET /" + "x".repeat(20_000) + " HTTP/1.1\r\n" + door.headers() + "\r\n", "414");
        requests.put("G".repeat(20_000) + " / HTTP/1.1\r\n" + door.headers() + "\r\n", "4");
        requests.put(post + "Connection: close\r\nContent-Length: 1000000000\r\n\r\n", door.known() ? "413" : "401");
        requests.put(
                post + "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n",
                door.known() ? "413" : "401");
        for (Map.Entry<String, String> request : requests.entrySet()) {
            try (RawConnection peer = door.http().send(request.getKey())) {
                String head = peer.head(Door.PATIENCE).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
                assertTrue(head.startsWith("HTTP/1.1 " + request.getValue()), head);
            }
        }
        int from = server.words().length();
        try (RawConnection tcp = door.known() ? door.setUp() : door.rsocket();
                RawConnection webSocket = door.known() ? door.webSocketSetUp() : door.webSocket();
                RawConnection setup = door.rsocket()) {
            tcp.send(Frames.hex("7f0000")).rest(Door.PATIENCE);
            webSocket.send(Frames.hex("82ff 000000007f000000 00000000")).rest(Door.PATIENCE);
            setup.send(Frames.hex("00ffff")).rest(Door.PATIENCE);
        }
        server.awaitLogged(from, door.known() ? "a frame of 8323072 bytes" : "not RSocket: it begins 7f", 1);
        return requests.size() + 3;
    }
}
