package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A SETUP is as long as its parts say, in whatever way they say it. */
class FrameCheckTest {
    private static final int METADATA = 0x100;
    private static final int RESUME = 0x80;

    private static ByteBuf setup(int flags) {
        ByteBuf frame = Unpooled.buffer().writeInt(0).writeShort(1 << 10 | flags);
        return frame.writeShort(1).writeShort(0).writeInt(20_000).writeInt(90_000);
    }

    private static ByteBuf text(ByteBuf frame, String text) {
        return frame.writeByte(text.length()).writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static @Nullable String check(ByteBuf frame) {
        return new FrameCheck(1 << 20).check(frame);
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
}
