package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.channel.ChannelOperations;

/**
 * A connection to a server without a socket: what is received here goes through the server's own handlers, on the thread of
 * the caller, and what the server sends is kept. For one thread.
 */
final class InProcessConnection {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Framing framing;
    private final ClientSession session;

    /** The server is {@code reception}, once it has the connection. */
    InProcessConnection(Reception reception, Framing framing, ByteBufAllocator allocator) {
        this.framing = framing;
        channel.config().setAllocator(allocator);
        ClientSession[] begun = new ClientSession[1];
        ChannelOperations.addReactiveBridge(
                channel,
                (connection, observer, message) -> new ChannelOperations<>(connection, observer),
                new ConnectionObserver() {
                    @Override
                    public void onStateChange(Connection connection, State state) {
                        if (state == State.CONFIGURED) {
                            begun[0] = reception.begin(connection, framing);
                            reception.speak(begun[0]);
                        }
                    }
                });
        channel.pipeline().fireChannelActive();
        session = begun[0];
    }

    ClientSession session() {
        return session;
    }

    boolean isOpen() {
        return channel.isActive();
    }

    /** Bytes as the peer's socket gave them, or a message of a WebSocket. */
    void receive(byte[] bytes, int from, int to) {
        ByteBuf received = channel.alloc().buffer(to - from).writeBytes(bytes, from, to - from);
        give(framing == Framing.TCP ? received : new BinaryWebSocketFrame(received));
    }

    /** A whole frame, however it is framed. */
    void receiveFrame(byte[] bytes, int from, int to) {
        if (framing == Framing.WEBSOCKET) {
            receive(bytes, from, to);
            return;
        }
        int length = to - from;
        give(channel.alloc().buffer(3 + length).writeMedium(length).writeBytes(bytes, from, length));
    }

    private void give(Object received) {
        if (channel.isActive()) {
            channel.writeInbound(received);
        } else {
            ReferenceCountUtil.release(received);
        }
        channel.runPendingTasks();
        channel.checkException();
    }

    /** Has the server do what it has put off. */
    void turn() {
        channel.runPendingTasks();
        channel.checkException();
    }

    /** What was sent since the last time, each a frame without its length; to be released. */
    List<ByteBuf> sent() {
        List<ByteBuf> frames = new ArrayList<>();
        for (Object next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            ByteBuf frame = next instanceof BinaryWebSocketFrame message ? message.content() : (ByteBuf) next;
            frames.add(framing == Framing.TCP ? frame.skipBytes(3) : frame);
        }
        return frames;
    }

    /** The peer goes away. */
    void close() {
        channel.finishAndReleaseAll();
        channel.runPendingTasks();
        channel.checkException();
    }

    /** Whether the server meant to do something later with what is gone. */
    boolean hasTimers() {
        return channel.runScheduledPendingTasks() >= 0;
    }
}
