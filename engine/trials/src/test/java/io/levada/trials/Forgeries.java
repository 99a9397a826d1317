package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * Requests that are not what they seem: that end at two places, come from a page or to a name of somebody else, or become far
 * larger than they are. Each is refused with the status it is due, and nothing of it is stored or served.
 */
final class Forgeries {
    /** Behind each of these stands "0", an empty line and a whole request, which must not be served. */
    private static final List<String> AMBIGUOUS = List.of(
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 6\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
            "Transfer-Encoding:\u000bchunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n",
            "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n Content-Length: 6\r\n",
            "Content-Length: 5\nX: bare\r\n",
            "X: a\rTransfer-Encoding: chunked\r\n",
            "X\u0000: a\r\nTransfer-Encoding: chunked\r\n");

    /** How chunks should not be: a size that is none, is endless, or is followed by something that has no end. */
    private static final List<String> CHUNKS = List.of(
            "zz\r\nx\r\n0\r\n\r\n",
            "-1\r\nx\r\n0\r\n\r\n",
            "0x1\r\nx\r\n0\r\n\r\n",
            "ffffffffffffffff1\r\nx\r\n0\r\n\r\n",
            "7fffffff1\r\nx\r\n0\r\n\r\n",
            "1;" + "x".repeat(20_000) + "\r\nx\r\n0\r\n\r\n");

    private static final int MOST_TOLD_CHARS = 200;
    private static final int BOMB_BYTES = 64 << 20;
    private static final String RECORDS = "/v1/topics/" + HostileServer.TOPIC + "/records";

    private final HostileServer server;
    private final Door door;

    Forgeries(HostileServer server, Door door) {
        this.server = server;
        this.door = door;
    }

    private String post(String headers) {
        return "POST " + RECORDS + " HTTP/1.1\r\n" + door.headers() + headers + "\r\n";
    }

    /** Runs all of them; gives how many there were. */
    int run() throws Exception {
        String before = server.get("/v1/topics/" + HostileServer.TOPIC);
        int count = smuggle() + chunks() + strangers() + bombs();
        assertEquals(before, server.get("/v1/topics/" + HostileServer.TOPIC), "something of it was stored");
        return count;
    }

    /** Answered with one of these, and nothing that stands behind it is served. */
    private static void refused(String what, String answer, String... status) {
        String said = what.substring(0, Math.min(what.length(), MOST_TOLD_CHARS)) + " is answered with: " + answer;
        boolean due = false;
        for (String each : status) {
            due |= answer.startsWith("HTTP/1.1 " + each);
        }
        assertTrue(due, said);
        assertFalse(answer.lastIndexOf("HTTP/1.1 2") > 0, said);
    }

    private int smuggle() throws IOException {
        String smuggled = "0\r\n\r\n" + post("Content-Length: 8\r\n") + "smuggled";
        for (String headers : AMBIGUOUS) {
            try (RawConnection connection = door.http().send(post(headers) + smuggled)) {
                String answer = connection.rest(Door.PATIENCE);
                refused(headers, answer, "400");
                assertEquals(0, answer.lastIndexOf("HTTP/1.1 "), answer);
            }
        }
        return AMBIGUOUS.size();
    }

    /** The body is wrong, not the head: a head that is answered first may be followed by what is said of the body. */
    private int chunks() throws IOException {
        for (String chunks : CHUNKS) {
            try (RawConnection connection = door.http()
                    .send(post("Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n") + chunks
                            + post("Content-Length: 8\r\nConnection: close\r\n") + "smuggled")) {
                refused(chunks, connection.rest(Door.PATIENCE), "400", "414", door.known() ? "400" : "401");
            }
        }
        return CHUNKS.size();
    }

    private int strangers() throws IOException {
        Map<String, String> heads = new LinkedHashMap<>();
        String own = door.headers();
        for (String path : new String[] {"/healthz", RECORDS, "/rsocket", "/"}) {
            heads.put("GET " + path + " HTTP/1.1\r\n" + own.replaceFirst("127\\.0\\.0\\.1", "evil.example"), "403");
            heads.put("GET " + path + " HTTP/1.1\r\n" + own + "Host: evil.example\r\n", "403");
            heads.put("GET " + path + " HTTP/1.1\r\n" + own + "Origin: https://evil.example\r\n", "403");
            heads.put("GET " + path + " HTTP/1.1\r\n" + own + "Origin: null\r\n", "403");
        }
        heads.put(door.upgrade() + "Origin: http://127.0.0.1.evil.example:" + door.httpPort() + "\r\n", "403");
        for (Map.Entry<String, String> head : heads.entrySet()) {
            try (RawConnection connection = door.http().send(head.getKey() + "Connection: close\r\n\r\n")) {
                refused(head.getKey(), connection.rest(Door.PATIENCE), head.getValue(), "400");
            }
        }
        return heads.size();
    }

    private int bombs() throws IOException {
        byte[] zeroes = new byte[1 << 20];
        byte[] bomb = packed(zeroes, BOMB_BYTES >> 20);
        List<String> headers = new ArrayList<>();
        for (String type : new String[] {"application/json", "text/plain", "application/x-ndjson"}) {
            headers.add("Content-Encoding: gzip\r\nContent-Type: " + type + "\r\n");
        }
        for (String each : headers) {
            try (RawConnection connection =
                    door.http().send(post(each + "Connection: close\r\nContent-Length: " + bomb.length + "\r\n"))) {
                try {
                    connection.send(bomb);
                } catch (IOException closed) {
                    // it is answered before it is read
                }
                String answer = connection.rest(Door.PATIENCE);
                if (!door.known()) {
                    refused(each, answer, "401");
                } else if (each.contains("ndjson")) { // a line that is too long is an answer of its own
                    refused(each, answer, "200", "413");
                    assertTrue(answer.contains("MESSAGE_TOO_LARGE"), answer);
                } else {
                    refused(each, answer, "413");
                }
            }
        }
        return headers.size();
    }

    private static byte[] packed(byte[] piece, int times) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            for (int i = 0; i < times; i++) {
                out.write(piece);
            }
        }
        return packed.toByteArray();
    }
}
