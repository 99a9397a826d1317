package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.netty.NettyPipeline;

/** What is read of a peer while its handshake is computed elsewhere. */
final class HandshakeTest {
    private final Reads reads = new Reads();
    private final EmbeddedChannel channel = new EmbeddedChannel();

    HandshakeTest() {
        channel.config().setAutoRead(false);
        channel.pipeline().addLast(NettyPipeline.SslReader, new ChannelInboundHandlerAdapter());
        Handshake.watch(channel, Framing.TCP);
        channel.pipeline().addFirst(reads);
    }

    /** Counts what would be asked of the socket. */
    private static final class Reads extends ChannelOutboundHandlerAdapter {
        private int count;

        @Override
        public void read(ChannelHandlerContext context) {
            count++;
        }
    }

    private int readsAfterAnother() {
        channel.pipeline().read();
        return reads.count;
    }

    private void receive(int bytes) {
        channel.writeInbound(Unpooled.buffer(bytes).writeByte(22).writeZero(bytes - 1));
        channel.<ByteBuf>readInbound().release();
        reads.count = 0;
    }

    @Test
    void a_peer_that_floods_its_handshake_is_read_no_further_until_it_is_done() {
        receive((64 << 10) - 1);
        assertEquals(1, readsAfterAnother());
        receive(1);
        assertEquals(0, readsAfterAnother());

        channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        assertEquals(1, reads.count);
        assertEquals(2, readsAfterAnother());
        assertEquals(List.of("HandshakeTest$Reads#0", NettyPipeline.SslReader), names());
    }

    private List<String> names() {
        return channel.pipeline().names().stream()
                .filter(name -> channel.pipeline().get(name) != null)
                .toList();
    }

    @Test
    void what_fails_before_it_is_done_closes_and_reaches_nobody() {
        channel.pipeline().fireExceptionCaught(new IllegalStateException("of a handshake"));
        channel.runPendingTasks();
        channel.checkException();
        assertFalse(channel.isActive());
        assertNull(channel.readInbound());
    }

    @Test
    void what_came_instead_of_tls_is_not_told() {
        Throwable error =
                new DecoderException(new NotSslRecordException("not an SSL/TLS record: " + "78".repeat(9_999)));
        assertEquals("what it sent is no TLS, which this port speaks", Handshake.reason(error));
        assertEquals(
                203,
                Handshake.reason(new IllegalStateException("x".repeat(9_999))).length());
    }
}
