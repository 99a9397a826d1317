package io.levada.trials;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

/** A client that writes RSocket frames by hand (RSocket protocol 1.0), and reads nothing unless told to. Small: there are thousands. */
final class RawPeer implements AutoCloseable {
    private static final int SETUP = 0x01;
    private static final int KEEPALIVE = 0x03;
    private static final int REQUEST_STREAM = 0x06;
    private static final int REQUEST_CHANNEL = 0x07;
    private static final int CANCEL = 0x09;
    private static final int PAYLOAD = 0x0A;
    private static final int METADATA_PUSH = 0x0C;
    private static final int WITH_METADATA = 0x100;
    private static final int ANSWER = 0x80;
    private static final int NEXT = 0x20;
    private static final byte OPEN = 0x01;
    private static final byte CREDIT = 0x03;
    private static final int ENDLESS_MS = Integer.MAX_VALUE;
    private static final int RECEIVE_BYTES = 16 << 10;

    private final Socket socket = new Socket();
    private final OutputStream out;
    private final boolean webSocket;
    private final AtomicLong dropped = new AtomicLong();

    /** Connects to an address of {@code rsocket:} or {@code ws:} and sets up, with bare routes as metadata. */
    RawPeer(String address) throws IOException {
        URI server = URI.create(address);
        socket.setReceiveBufferSize(RECEIVE_BYTES);
        socket.connect(new InetSocketAddress(server.getHost(), server.getPort()));
        out = new BufferedOutputStream(socket.getOutputStream(), 4 << 10);
        webSocket = server.getScheme().equals("ws");
        if (webSocket) {
            upgrade(server);
        }
        byte[] metadata = text("message/x.rsocket.routing.v0");
        byte[] data = text("application/json");
        ByteBuffer setup = ByteBuffer.allocate(14 + metadata.length + data.length)
                .putInt(1 << 16)
                .putInt(ENDLESS_MS)
                .putInt(ENDLESS_MS)
                .put((byte) metadata.length)
                .put(metadata)
                .put((byte) data.length)
                .put(data);
        frame(0, SETUP << 10, setup.array());
        flush();
    }

    private void upgrade(URI server) throws IOException {
        out.write(text("GET " + server.getPath() + " HTTP/1.1\r\nHost: " + server.getAuthority()
                + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        out.flush();
        StringBuilder head = new StringBuilder();
        int next = 0;
        while (next >= 0 && head.indexOf("\r\n\r\n") < 0) {
            next = socket.getInputStream().read();
            head.append((char) next);
        }
        if (head.indexOf(" 101 ") < 0) {
            throw new IOException("not upgraded: " + head);
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void frame(int streamId, int typeAndFlags, byte[] rest) throws IOException {
        byte[] frame = Frames.frame(streamId, typeAndFlags, rest);
        out.write(webSocket ? Frames.webSocket(Frames.BINARY, frame) : Frames.framed(frame));
    }

    RawPeer flush() throws IOException {
        out.flush();
        return this;
    }

    RawPeer requestStream(int streamId, int n, String route, String json) throws IOException {
        return request(REQUEST_STREAM, streamId, n, route, text(json));
    }

    /** Opens a channel with its first message, and wants all that comes, as far as {@link #credit} goes. */
    RawPeer requestChannel(int streamId, String route, String json) throws IOException {
        byte[] open = text("." + json);
        open[0] = OPEN;
        return request(REQUEST_CHANNEL, streamId, Integer.MAX_VALUE, route, open);
    }

    RawPeer credit(int streamId, long records, long bytes) throws IOException {
        byte[] message = ByteBuffer.allocate(17)
                .put(CREDIT)
                .putLong(records)
                .putLong(bytes)
                .array();
        frame(streamId, PAYLOAD << 10 | NEXT, message);
        return this;
    }

    private RawPeer request(int type, int streamId, int n, String route, byte[] data) throws IOException {
        byte[] name = text(route);
        ByteBuffer request = ByteBuffer.allocate(8 + name.length + data.length)
                .putInt(n)
                .put((byte) 0)
                .putShort((short) (1 + name.length))
                .put((byte) name.length)
                .put(name)
                .put(data);
        frame(streamId, type << 10 | WITH_METADATA, request.array());
        return this;
    }

    RawPeer cancel(int streamId) throws IOException {
        frame(streamId, CANCEL << 10, new byte[0]);
        return this;
    }

    /** Wants an answer. */
    RawPeer keepalive() throws IOException {
        frame(0, KEEPALIVE << 10 | ANSWER, new byte[8]);
        return this;
    }

    RawPeer pushMetadata() throws IOException {
        frame(0, METADATA_PUSH << 10 | WITH_METADATA, text("x".repeat(100)));
        return this;
    }

    /** Reads what has come so far, and drops it; false once the server has closed. */
    boolean drop() throws IOException {
        int available = socket.getInputStream().available();
        if (available == 0) {
            return true;
        }
        int read = socket.getInputStream().read(new byte[64 << 10], 0, Math.min(available, 64 << 10));
        dropped.addAndGet(Math.max(0, read));
        return read >= 0;
    }

    /** Bytes that {@link #drop} has dropped so far. */
    long dropped() {
        return dropped.get();
    }

    /** Waits for the next payload of any stream, over TCP, and gives its data. */
    String awaitText() throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        while (true) {
            byte[] frame = in.readNBytes(in.readUnsignedByte() << 16 | in.readUnsignedShort());
            if ((frame[4] & 0xff) >> 2 == PAYLOAD) {
                return new String(frame, 6, frame.length - 6, StandardCharsets.US_ASCII);
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
