package io.levada.gateway;

import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.rsocket.frame.FrameLengthCodec;
import io.rsocket.frame.PayloadFrameCodec;
import io.rsocket.frame.RequestChannelFrameCodec;
import io.rsocket.frame.RequestResponseFrameCodec;
import io.rsocket.frame.RequestStreamFrameCodec;
import io.rsocket.frame.SetupFrameCodec;
import io.rsocket.util.DefaultPayload;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A TCP socket with frames written by hand: a peer that does what no library lets it do. */
final class RawSocket implements AutoCloseable {
    private static final ByteBufAllocator ALLOC = ByteBufAllocator.DEFAULT;

    private final Socket plain = new Socket();
    private final Socket socket;

    RawSocket(GatewayServer server) {
        this(server, null);
    }

    /**
     * Connects.
     *
     * @param tls for whose server to speak TLS, null for plain text
     */
    RawSocket(GatewayServer server, @Nullable Certificates tls) {
        Socket socket = plain;
        try {
            socket.setReceiveBufferSize(16 << 10);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) Await.LIMIT.toMillis());
            socket.connect(new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), server.tcpAddress().getPort()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.socket = tls == null ? plain : tls.over(plain);
    }

    RawSocket setUp() {
        return frame(SetupFrameCodec.encode(
                ALLOC,
                false,
                60_000,
                600_000,
                "message/x.rsocket.composite-metadata.v0",
                "application/json",
                DefaultPayload.create("")));
    }

    RawSocket bytes(byte... bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (SocketException e) {
            // The server has closed, which is what awaitClosed() is for.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    RawSocket text(String text) {
        return bytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Sends a frame, behind its length; takes it. */
    RawSocket frame(ByteBuf frame) {
        ByteBuf framed = FrameLengthCodec.encode(ALLOC, frame.readableBytes(), frame);
        byte[] bytes = ByteBufUtil.getBytes(framed);
        framed.release();
        return bytes(bytes);
    }

    /** A frame of these hexadecimal digits. */
    RawSocket hex(String frame) {
        return frame(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(frame.replace(" ", ""))));
    }

    RawSocket requestResponse(int streamId, String route, String json) {
        return frame(RequestResponseFrameCodec.encode(
                ALLOC, streamId, false, RawClient.routing(route), ByteBufUtil.writeUtf8(ALLOC, json)));
    }

    RawSocket requestStream(int streamId, String route, String json, long demand) {
        return frame(RequestStreamFrameCodec.encode(
                ALLOC, streamId, false, demand, RawClient.routing(route), ByteBufUtil.writeUtf8(ALLOC, json)));
    }

    RawSocket requestChannel(int streamId, String route, Message first, long demand) {
        return frame(RequestChannelFrameCodec.encode(
                ALLOC, streamId, false, false, demand, RawClient.routing(route), first.encode(ALLOC)));
    }

    RawSocket message(int streamId, Message message) {
        return frame(PayloadFrameCodec.encode(ALLOC, streamId, false, false, true, null, message.encode(ALLOC)));
    }

    /** The next frame, without its length. */
    ByteBuf read() {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            byte[] frame = new byte[length];
            in.readFully(frame);
            return Unpooled.wrappedBuffer(frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The text of the next ERROR frame; frames before it are skipped. */
    String readError() {
        while (true) {
            ByteBuf frame = read();
            if (frame.getUnsignedShort(4) >>> 10 == 0x0B) {
                return frame.toString(10, frame.readableBytes() - 10, StandardCharsets.UTF_8);
            }
        }
    }

    /** Reads until the server closes. */
    void awaitClosed() {
        try {
            while (true) {
                read();
            }
        } catch (UncheckedIOException e) {
            if (!(e.getCause() instanceof EOFException || e.getCause() instanceof SocketException)) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        try {
            plain.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
