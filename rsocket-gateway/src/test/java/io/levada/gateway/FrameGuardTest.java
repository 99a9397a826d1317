package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.rsocket.frame.FrameLengthCodec;
import io.rsocket.frame.PayloadFrameCodec;
import io.rsocket.frame.RequestResponseFrameCodec;
import io.rsocket.frame.SetupFrameCodec;
import io.rsocket.util.DefaultPayload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Frames on their way into rsocket-java, over either transport. */
class FrameGuardTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final List<String> refusals = new ArrayList<>();
    private final FrameGuard guard =
            new FrameGuard(GatewayLimits.defaults(), allocator, (reason, rsocket, setUp) -> refusals.add(reason));
    private EmbeddedChannel channel = new EmbeddedChannel();

    enum Transport {
        TCP,
        WEB_SOCKET
    }

    @AfterEach
    void nothing_is_held() {
        channel.finishAndReleaseAll();
        assertEquals(0, allocator.metric().usedHeapMemory());
    }

    private void open(Transport transport) {
        channel = new EmbeddedChannel(transport == Transport.TCP ? guard.forTcp() : guard.forWebSocket());
        take(
                transport,
                SetupFrameCodec.encode(allocator, false, 20_000, 90_000, "m/m", "d/d", DefaultPayload.create("", "")));
        got(transport).release();
    }

    private void take(Transport transport, ByteBuf frame) {
        channel.writeInbound(
                transport == Transport.TCP
                        ? FrameLengthCodec.encode(allocator, frame.readableBytes(), frame)
                        : new BinaryWebSocketFrame(frame));
    }

    private ByteBuf got(Transport transport) {
        return transport == Transport.TCP
                ? channel.<ByteBuf>readInbound()
                : channel.<BinaryWebSocketFrame>readInbound().content();
    }

    private ByteBuf text(String text) {
        return allocator.buffer().writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void fragments_come_out_as_one_frame(Transport transport) {
        open(transport);
        take(transport, RequestResponseFrameCodec.encode(allocator, 1, true, text("me"), text("")));
        take(transport, PayloadFrameCodec.encode(allocator, 1, true, false, true, text("ta"), text("da")));
        assertTrue(channel.inboundMessages().isEmpty());
        take(transport, PayloadFrameCodec.encode(allocator, 1, false, true, true, null, text("ta")));

        ByteBuf whole = got(transport);
        ByteBuf expected = RequestResponseFrameCodec.encode(allocator, 1, false, text("meta"), text("data"));
        assertEquals(expected, whole);
        expected.release();
        whole.release();
        assertEquals(List.of(), refusals);
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void what_is_whole_goes_on(Transport transport) {
        open(transport);
        ByteBuf frame = RequestResponseFrameCodec.encode(allocator, 1, false, null, text("data"));
        ByteBuf copy = Unpooled.copiedBuffer(frame);
        take(transport, frame);

        ByteBuf whole = got(transport);
        assertEquals(copy, whole);
        if (transport == Transport.WEB_SOCKET) {
            assertSame(frame, whole);
        }
        whole.release();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void what_is_no_good_ends_it_and_nothing_is_held(Transport transport) {
        open(transport);
        take(transport, RequestResponseFrameCodec.encode(allocator, 1, true, null, text("begun")));
        take(transport, text("no frame at all"));
        assertEquals(1, refusals.size());
        take(transport, RequestResponseFrameCodec.encode(allocator, 3, false, null, text("late")));

        assertTrue(channel.inboundMessages().isEmpty());
        assertFalse(refusals.isEmpty());
    }
}
