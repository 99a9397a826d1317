package io.levada;

import java.util.List;

/** How an engine offers its addresses; found by {@link java.util.ServiceLoader}. */
public interface LevadaProvider {
    /** The schemes this engine opens, such as {@code memory} and {@code file}. */
    List<String> schemes();

    /** Opens an address of one of the schemes; fails with a {@link LevadaException}. */
    Levada open(String address, LevadaOptions options);
}
