package io.levada.env;

import java.io.IOException;

/** Another process, or another engine of this process, holds the lock. */
public final class DiskInUseException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskInUseException(String message) {
        super(message);
    }
}
