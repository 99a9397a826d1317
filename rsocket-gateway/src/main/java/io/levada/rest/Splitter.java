package io.levada.rest;

import java.util.List;

/** Takes a body apart as it comes. For one thread at a time. */
interface Splitter {
    /** The texts that end within a piece. */
    List<Lines.Line> split(byte[] piece);

    /** What stands behind the last of them; at the body's end. */
    List<Lines.Line> rest();
}
