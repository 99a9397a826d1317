package io.levada.testgate;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.List;

/**
 * What every fuzz target holds behind each input, besides its own properties: all buffers were given back, and no error was
 * logged. Buffers are counted, not watched, which costs next to nothing: those of {@link #allocator} always, direct ones of
 * Netty's default where that is unpooled, as it is in {@code .ci/fuzz}. For one thread.
 */
public final class FuzzGate {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    private long before = ofOthers();

    /** Where what is tried takes its buffers from. */
    public ByteBufAllocator allocator() {
        return allocator;
    }

    private static long ofOthers() {
        return ByteBufAllocator.DEFAULT instanceof UnpooledByteBufAllocator unpooled
                ? unpooled.metric().usedDirectMemory()
                : 0;
    }

    /** Fails where a buffer is not released, or an error was logged since the last time. */
    public void settled() {
        long bytes = allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
        long others = ofOthers() - before;
        before += others;
        if (bytes + others != 0) {
            throw new AssertionError(bytes + others + " bytes of buffers were not released");
        }
        List<String> errors = TestGate.takeErrors();
        if (!errors.isEmpty()) {
            throw new AssertionError(errors.size() + " errors were logged:\n" + String.join("\n", errors));
        }
    }
}
