package io.levada.cli;

import java.io.IOException;

/** Whoever read our output has gone: a reason to end, not to complain. */
final class BrokenPipe extends IOException {
    private static final long serialVersionUID = 1L;

    BrokenPipe(IOException cause) {
        super(cause);
    }
}
