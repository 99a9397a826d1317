package io.levada.trials;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Frames as bytes, good ones and bad: of RSocket (protocol 1.0), and of a WebSocket (RFC 6455) around them. Stateless. */
final class Frames {
    static final int SETUP = 0x01;
    static final int KEEPALIVE = 0x03;
    static final int REQUEST_STREAM = 0x06;
    static final int REQUEST_CHANNEL = 0x07;
    static final int REQUEST_N = 0x08;
    static final int CANCEL = 0x09;
    static final int PAYLOAD = 0x0A;
    static final int METADATA_PUSH = 0x0C;
    static final int WITH_METADATA = 0x100;
    /** Of a keepalive that wants an answer, and of a fragment that more of follow. */
    static final int ANSWER = 0x80;

    static final int FOLLOWS = 0x80;
    static final int NEXT = 0x20;

    static final int BINARY = 2;
    static final int PING = 9;

    private static final int VERSION = 1 << 16;
    private static final String COMPOSITE = "message/x.rsocket.composite-metadata.v0";
    /** Well-known types of composite metadata, with the bit that says they are. */
    private static final int ROUTING = 0xFE;

    private static final int AUTHENTICATION = 0xFC;
    private static final int BEARER = 0x81;
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;

    private Frames() {}

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] frame(int streamId, int typeAndFlags, byte... rest) {
        return ByteBuffer.allocate(6 + rest.length)
                .putInt(streamId)
                .putShort((short) typeAndFlags)
                .put(rest)
                .array();
    }

    /** A frame in hexadecimal, which may be none that is good. */
    static byte[] hex(String frame) {
        return HexFormat.of().parseHex(frame.replace(" ", ""));
    }

    /** Behind its length, as TCP carries it. */
    static byte[] framed(byte... frame) {
        return ByteBuffer.allocate(3 + frame.length)
                .put((byte) (frame.length >> 16))
                .putShort((short) frame.length)
                .put(frame)
                .array();
    }

    /**
     * A SETUP with composite metadata.
     *
     * @param token empty for none
     */
    static byte[] setup(String token, int intervalMs, int lifetimeMs) {
        byte[] metadata = token.isEmpty() ? new byte[0] : entry(AUTHENTICATION, BEARER, text(token));
        ByteBuffer setup = ByteBuffer.allocate(200 + metadata.length)
                .putInt(VERSION)
                .putInt(intervalMs)
                .putInt(lifetimeMs);
        for (String type : new String[] {COMPOSITE, "application/json"}) {
            setup.put((byte) type.length()).put(text(type));
        }
        if (metadata.length > 0) {
            setup.put(metadataLength(metadata)).put(metadata);
        }
        byte[] rest = new byte[setup.position()];
        setup.flip().get(rest);
        return frame(0, SETUP << 10 | (metadata.length > 0 ? WITH_METADATA : 0), rest);
    }

    static byte[] requestStream(int streamId, int n, String route, String json) {
        byte[] metadata = entry(ROUTING, route.length(), text(route));
        ByteBuffer rest = ByteBuffer.allocate(7 + metadata.length + json.length())
                .putInt(n)
                .put(metadataLength(metadata))
                .put(metadata)
                .put(text(json));
        return frame(streamId, REQUEST_STREAM << 10 | WITH_METADATA, rest.array());
    }

    static byte[] requestN(int streamId, int n) {
        return frame(streamId, REQUEST_N << 10, ByteBuffer.allocate(4).putInt(n).array());
    }

    static byte[] cancel(int streamId) {
        return frame(streamId, CANCEL << 10);
    }

    static byte[] keepalive() {
        return frame(0, KEEPALIVE << 10 | ANSWER, new byte[8]);
    }

    static byte[] pushMetadata() {
        return frame(0, METADATA_PUSH << 10 | WITH_METADATA, text("x".repeat(100)));
    }

    private static byte[] entry(int type, int first, byte[] rest) {
        return ByteBuffer.allocate(5 + rest.length)
                .put((byte) type)
                .put(metadataLength(new byte[1 + rest.length]))
                .put((byte) first)
                .put(rest)
                .array();
    }

    private static byte[] metadataLength(byte[] metadata) {
        return new byte[] {(byte) (metadata.length >> 16), (byte) (metadata.length >> 8), (byte) metadata.length};
    }

    /** A client's WebSocket frame, masked with zeroes. */
    static byte[] webSocket(int opcode, byte... payload) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(FINAL | opcode);
        if (payload.length < 126) {
            frame.write(MASKED | payload.length);
        } else if (payload.length < 1 << 16) {
            frame.write(MASKED | 126);
            frame.writeBytes(
                    ByteBuffer.allocate(2).putShort((short) payload.length).array());
        } else {
            frame.write(MASKED | 127);
            frame.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
        }
        frame.writeBytes(new byte[4]);
        frame.writeBytes(payload);
        return frame.toByteArray();
    }
}
