package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class PongsTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new Pongs());

    private ByteBuf ping(String text) {
        ByteBuf content = ByteBufUtil.writeUtf8(channel.alloc(), text);
        assertFalse(channel.writeInbound(new PingWebSocketFrame(content)), "it goes no further");
        return content;
    }

    private void takesNothing(boolean nothing) {
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, !nothing);
        channel.runPendingTasks();
    }

    private void answered(String text) {
        PongWebSocketFrame pong = channel.readOutbound();
        assertNotNull(pong, text);
        assertEquals(text, pong.content().toString(StandardCharsets.UTF_8));
        pong.release();
    }

    @Test
    void each_ping_is_answered_while_the_socket_takes_it() {
        ping("a");
        ping("b");
        answered("a");
        answered("b");
    }

    @Test
    void of_those_that_come_while_it_takes_nothing_the_last_is_answered_and_the_others_are_not_held() {
        takesNothing(true);
        ByteBuf first = ping("a");
        ByteBuf last = ping("b");
        assertEquals(0, first.refCnt());
        assertNull(channel.readOutbound());
        takesNothing(false);
        answered("b");
        assertNull(channel.readOutbound());
        assertEquals(0, last.refCnt());
    }

    @Test
    void what_was_not_answered_goes_with_the_connection() {
        takesNothing(true);
        ByteBuf ping = ping("a");
        channel.finish();
        assertEquals(0, ping.refCnt());
    }

    @Test
    void other_frames_pass() {
        BinaryWebSocketFrame frame = new BinaryWebSocketFrame(ByteBufUtil.writeUtf8(channel.alloc(), "a"));
        channel.writeInbound(frame);
        assertEquals(frame, channel.readInbound());
        frame.release();
    }
}
