package io.levada.engine;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.LevadaProvider;
import io.levada.facade.EngineLevada;
import java.util.List;

/** Offers {@code memory:} and {@code file:DIR} to {@link Levada#open(String)}. */
public final class EmbeddedProvider implements LevadaProvider {
    @Override
    public List<String> schemes() {
        return List.of(StoreAddress.MEMORY, StoreAddress.FILE);
    }

    @Override
    public Levada open(String address, LevadaOptions options) {
        return new EngineLevada(address, EmbeddedEngine.open(address), options);
    }
}
