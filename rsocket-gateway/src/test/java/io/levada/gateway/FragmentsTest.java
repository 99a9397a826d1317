package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.rsocket.Payload;
import io.rsocket.frame.CancelFrameCodec;
import io.rsocket.frame.FrameHeaderCodec;
import io.rsocket.frame.FrameType;
import io.rsocket.frame.PayloadFrameCodec;
import io.rsocket.frame.RequestChannelFrameCodec;
import io.rsocket.frame.RequestResponseFrameCodec;
import io.rsocket.frame.RequestStreamFrameCodec;
import io.rsocket.frame.decoder.PayloadDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Messages in fragments, as rsocket-java's own codecs write them, come out as those codecs write them whole. */
class FragmentsTest {
    private static final int MAX_BYTES = 8 << 10;

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final Fragments fragments = new Fragments(allocator, MAX_BYTES);

    @AfterEach
    void nothing_is_held() {
        fragments.close();
        assertEquals(0, allocator.metric().usedHeapMemory());
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    private ByteBuf next(int streamId, boolean follows, boolean complete, @Nullable String metadata, String data) {
        ByteBuf meta = metadata == null ? null : text(metadata);
        return PayloadFrameCodec.encode(allocator, streamId, follows, complete, true, meta, text(data));
    }

    private @Nullable ByteBuf take(ByteBuf frame) {
        assertNull(fragments.check(frame));
        return fragments.take(frame);
    }

    private void cancel(int streamId) {
        ByteBuf frame = CancelFrameCodec.encode(allocator, streamId);
        assertSame(frame, take(frame));
        frame.release();
    }

    private void assertWhole(ByteBuf expected, @Nullable ByteBuf whole) {
        assertNotNull(whole);
        assertEquals(ByteBufUtil.hexDump(expected), ByteBufUtil.hexDump(whole));
        expected.release();
        whole.release();
    }

    @Test
    void what_is_whole_goes_on_as_it_is() {
        ByteBuf frame = next(1, false, false, "m", "d");
        assertSame(frame, take(frame));
        frame.release();
    }

    @Test
    void a_request_is_joined_with_its_n_and_its_metadata() {
        assertNull(take(RequestStreamFrameCodec.encode(allocator, 3, true, 7, text("me"), text(""))));
        assertTrue(fragments.isWithinRequest(3));
        assertNull(take(next(3, true, false, "ta", "da")));
        assertWhole(
                RequestStreamFrameCodec.encode(allocator, 3, false, 7, text("meta"), text("data")),
                take(next(3, false, false, null, "ta")));
        assertFalse(fragments.isWithin(3));
    }

    @Test
    void a_request_without_metadata_has_none_when_it_is_joined() {
        assertNull(take(RequestResponseFrameCodec.encode(allocator, 3, true, null, text("da"))));
        assertWhole(
                RequestResponseFrameCodec.encode(allocator, 3, false, null, text("data")),
                take(next(3, false, true, null, "ta")));
    }

    @Test
    void the_end_of_a_channel_comes_with_its_last_fragment() {
        assertNull(take(RequestChannelFrameCodec.encode(allocator, 5, true, false, 1, text("m"), text("a"))));
        assertWhole(
                RequestChannelFrameCodec.encode(allocator, 5, false, true, 1, text("m"), text("ab")),
                take(next(5, false, true, null, "b")));
        assertNull(take(next(5, true, false, null, "c")));
        ByteBuf whole = take(next(5, false, true, null, "d"));
        assertNotNull(whole);
        assertEquals(FrameType.NEXT_COMPLETE, FrameHeaderCodec.frameType(whole));
        assertWhole(next(5, false, true, null, "cd"), whole);
    }

    @Test
    void streams_are_told_apart_and_given_up_one_by_one() {
        assertNull(take(next(1, true, false, null, "a")));
        assertNull(take(next(3, true, false, null, "b")));
        assertFalse(fragments.isWithinRequest(1));
        cancel(1);
        assertFalse(fragments.isWithin(1));
        ByteBuf whole = take(next(3, false, false, null, "c"));
        assertNotNull(whole);
        Payload payload = PayloadDecoder.DEFAULT.apply(whole);
        assertEquals("bc", payload.getDataUtf8());
        payload.release();
        whole.release();
    }

    @Test
    void together_they_hold_no_more_than_they_may() {
        String half = "x".repeat(MAX_BYTES / 2 - 1_200);
        assertNull(take(next(1, true, false, null, half)));
        assertNull(take(next(3, true, false, null, half)));
        ByteBuf more = next(5, true, false, null, half);
        assertNotNull(fragments.check(more));
        cancel(1);
        assertNull(take(more));
    }

    @Test
    void messages_of_which_nothing_has_come_cost_what_holds_them() {
        int begun = 0;
        ByteBuf first = next(1, true, false, null, "");
        while (fragments.check(first) == null) {
            assertNull(fragments.take(first));
            first = next(1 + 2 * ++begun, true, false, null, "");
        }
        first.release();
        assertEquals(7, begun);
    }
}
