package io.levada;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** Finds the engine on the class path that knows an address. */
final class Providers {
    private Providers() {}

    static Levada open(String address, LevadaOptions options) {
        List<String> known = new ArrayList<>();
        for (LevadaProvider provider : ServiceLoader.load(LevadaProvider.class, Levada.class.getClassLoader())) {
            for (String scheme : provider.schemes()) {
                if (address.startsWith(scheme + ":")) {
                    return provider.open(address, options);
                }
                known.add(scheme + ":");
            }
        }
        throw new LevadaException(
                ErrorCode.INVALID_REQUEST,
                "no engine for the address '" + address + "'; addresses here start with " + String.join(", ", known));
    }
}
