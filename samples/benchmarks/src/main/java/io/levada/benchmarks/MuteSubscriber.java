package io.levada.benchmarks;

import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.rsocket.frame.FrameLengthCodec;
import io.rsocket.frame.PayloadFrameCodec;
import io.rsocket.frame.RequestChannelFrameCodec;
import io.rsocket.frame.SetupFrameCodec;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.util.DefaultPayload;
import io.rsocket.util.EmptyPayload;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** A connection that subscribes to a topic, asks for some of its records, and never reads what comes. */
final class MuteSubscriber implements AutoCloseable {
    private static final ByteBufAllocator HEAP = ByteBufAllocator.DEFAULT;
    private static final int RECEIVE_BYTES = 16 << 10;
    private static final int STREAM = 1;

    private final Socket socket = new Socket();

    /**
     * Connects.
     *
     * @param address {@code rsocket://HOST:PORT}
     * @param greeting what {@link #greeting} made
     */
    MuteSubscriber(String address, byte[] greeting) throws IOException {
        URI server = URI.create(address);
        socket.setReceiveBufferSize(RECEIVE_BYTES);
        socket.connect(new InetSocketAddress(server.getHost(), server.getPort()));
        socket.getOutputStream().write(greeting);
    }

    /** All that such a connection ever says, asking for so many records from the earliest on, in any number of bytes. */
    static byte[] greeting(String topic, long records) {
        ByteBuf all = Unpooled.buffer();
        add(
                all,
                SetupFrameCodec.encode(
                        HEAP,
                        false,
                        20_000,
                        Integer.MAX_VALUE,
                        WellKnownMimeType.MESSAGE_RSOCKET_ROUTING.getString(),
                        WellKnownMimeType.APPLICATION_OCTET_STREAM.getString(),
                        EmptyPayload.INSTANCE));
        byte[] route = ".read.batched".getBytes(StandardCharsets.US_ASCII);
        route[0] = (byte) (route.length - 1);
        Message open = new Message.Open("{\"topic\":\"" + topic + "\",\"from\":\"earliest\"}");
        add(
                all,
                RequestChannelFrameCodec.encodeReleasingPayload(
                        HEAP, STREAM, false, Integer.MAX_VALUE, DefaultPayload.create(bytes(open), route)));
        Message credit = new Message.Credit(records, Long.MAX_VALUE);
        add(all, PayloadFrameCodec.encodeNextReleasingPayload(HEAP, STREAM, DefaultPayload.create(bytes(credit))));
        return ByteBufUtil.getBytes(all);
    }

    private static byte[] bytes(Message message) {
        ByteBuf encoded = message.encode(HEAP);
        try {
            return ByteBufUtil.getBytes(encoded);
        } finally {
            encoded.release();
        }
    }

    private static void add(ByteBuf all, ByteBuf frame) {
        ByteBuf sized = FrameLengthCodec.encode(HEAP, frame.readableBytes(), frame);
        all.writeBytes(sized);
        sized.release();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
