package io.levada.rest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes a body apart as it comes. For one thread at a time. */
interface Splitter {
    /** One that ended; its content is null where it was longer than a text may be. */
    record Text(@Nullable String content) {}

    /** The texts that end within a piece. */
    List<Text> split(byte[] piece);

    /** What stands behind the last of them; at the body's end. */
    List<Text> rest();
}
