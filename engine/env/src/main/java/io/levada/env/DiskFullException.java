package io.levada.env;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** No space, or no quota, is left. What was written before stands; how much of this write did is unknown. */
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
