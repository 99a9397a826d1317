package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A SETUP is as long as its parts say, in whatever way they say it; and within fragments come only those. */
class FrameCheckTest {
    private static final int METADATA = 0x100;
    private static final int RESUME = 0x80;
    private static final int FOLLOWS = 0x80;
    private static final int COMPLETE = 0x40;
    private static final int NEXT = 0x20;

    private static final int STREAM = 0x06;
    private static final int CHANNEL = 0x07;
    private static final int REQUEST_N = 0x08;
    private static final int CANCEL = 0x09;
    private static final int PAYLOAD = 0x0A;
    private static final int ERROR = 0x0B;

    private static ByteBuf setup(int flags) {
        ByteBuf frame = Unpooled.buffer().writeInt(0).writeShort(1 << 10 | flags);
        return frame.writeShort(1).writeShort(0).writeInt(20_000).writeInt(90_000);
    }

    private static ByteBuf text(ByteBuf frame, String text) {
        return frame.writeByte(text.length()).writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static @Nullable String check(ByteBuf frame) {
        return new FrameCheck(new Fragments(UnpooledByteBufAllocator.DEFAULT, 1 << 20)).check(frame);
    }

    @Test
    void a_whole_setup_passes_and_no_part_of_it_does() {
        ByteBuf whole = text(text(setup(METADATA | RESUME).writeShort(4).writeInt(7), "a/b"), "c/d");
        whole.writeMedium(3).writeMedium(0);
        assertNull(check(whole.slice()));
        for (int length = 0; length < whole.readableBytes(); length++) {
            assertNotNull(check(whole.slice(0, length)), "of " + length + " bytes");
        }
        assertNull(check(whole.writeInt(5)), "data may follow");
    }

    @Test
    void types_that_lead_beyond_the_end_are_refused() {
        ByteBuf beyond = text(text(setup(0), "a/b"), "c/d");
        beyond.setByte(beyond.readableBytes() - 4, 200);
        assertEquals("a SETUP whose parts are longer than it is", check(beyond));
    }

    @Test
    void the_smallest_setup_passes() {
        assertNull(check(text(text(setup(0), ""), "")));
    }

    private static ByteBuf frame(int type, int flags) {
        return Unpooled.buffer().writeInt(1).writeShort(type << 10 | flags);
    }

    /** On stream 1 behind a SETUP: what is said of the last of some frames, of which all others may pass. */
    private static @Nullable String last(ByteBuf... frames) {
        Fragments fragments = new Fragments(UnpooledByteBufAllocator.DEFAULT, 1 << 20);
        FrameCheck check = new FrameCheck(fragments);
        assertNull(check.check(text(text(setup(0), ""), "")));
        for (int i = 0; i < frames.length - 1; i++) {
            assertNull(check.check(frames[i]));
            fragments.take(frames[i].retain());
        }
        String said = check.check(frames[frames.length - 1]);
        fragments.close();
        return said;
    }

    private static ByteBuf request(int type) {
        return type >= STREAM ? frame(type, FOLLOWS).writeInt(1) : frame(type, FOLLOWS);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x04, 0x05, STREAM, CHANNEL})
    void within_the_fragments_of_a_request_come_fragments_or_its_end(int type) {
        assertNull(last(request(type), frame(PAYLOAD, NEXT | FOLLOWS), frame(PAYLOAD, NEXT)));
        assertNull(last(request(type), frame(CANCEL, 0)));
        assertNotNull(last(request(type), frame(PAYLOAD, COMPLETE)));
        assertNotNull(last(request(type), frame(ERROR, 0).writeInt(0x201)));
        assertNotNull(last(request(type), frame(REQUEST_N, 0).writeInt(1)));
        ByteBuf before = frame(PAYLOAD, NEXT | FOLLOWS);
        assertNotNull(last(before, request(type), frame(REQUEST_N, 0).writeInt(1)), "whatever came before");
    }

    @Test
    void within_the_fragments_of_a_message_of_a_channel_it_may_fail() {
        ByteBuf channel = frame(CHANNEL, 0).writeInt(1);
        ByteBuf begun = frame(PAYLOAD, NEXT | FOLLOWS);
        assertNull(last(channel.slice(), begun.slice(), frame(REQUEST_N, 0).writeInt(1)));
        assertNull(last(channel.slice(), begun.slice(), frame(ERROR, 0).writeInt(0x201)));
        assertNotNull(last(channel.slice(), begun.slice(), frame(PAYLOAD, COMPLETE)));
    }
}
