package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.Env;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where an embedded log is: {@code memory:}, or {@code file:DIR} with a directory relative to the working directory or
 * absolute ({@code file:///DIR} as well).
 *
 * @param directory null in memory
 */
record StoreAddress(@Nullable Path directory) {
    static final String MEMORY = "memory";
    static final String FILE = "file";

    static StoreAddress parse(String address) {
        if (address.equals(MEMORY + ":")) {
            return new StoreAddress(null);
        }
        String path = address.startsWith(FILE + ":") ? address.substring(FILE.length() + 1) : "";
        if (path.startsWith("///")) {
            path = path.substring(2);
        }
        if (path.isBlank() || path.startsWith("//")) {
            throw invalid(address, null);
        }
        try {
            return new StoreAddress(Path.of(path));
        } catch (InvalidPathException e) {
            throw invalid(address, e);
        }
    }

    private static LevadaException invalid(String address, @Nullable Exception cause) {
        String message =
                "'" + address + "' is no address of a store; use memory: or file:DIR, such as file:./levada-data";
        return cause == null
                ? new LevadaException(ErrorCode.INVALID_REQUEST, message)
                : new LevadaException(ErrorCode.INVALID_REQUEST, message, cause);
    }

    EngineConfig defaults() {
        return directory == null ? EngineConfig.memory() : EngineConfig.defaults();
    }

    /** The machine, with the store's directory as its disk. */
    Env env() {
        if (directory == null) {
            return Env.memory();
        }
        try {
            return Env.real(directory);
        } catch (IOException e) {
            throw new LevadaException(
                    ErrorCode.STORAGE_FAILED, "the directory " + directory + " cannot be used: " + e.getMessage(), e);
        }
    }
}
