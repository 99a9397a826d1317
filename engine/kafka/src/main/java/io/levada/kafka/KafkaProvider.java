package io.levada.kafka;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.LevadaProvider;
import io.levada.facade.EngineLevada;
import java.util.List;

/** Offers {@code kafka://HOST:PORT} to {@link Levada#open(String)}. */
public final class KafkaProvider implements LevadaProvider {
    @Override
    public List<String> schemes() {
        return List.of(ClusterAddress.SCHEME);
    }

    @Override
    public Levada open(String address, LevadaOptions options) {
        return new EngineLevada(address, KafkaEngine.open(address), options);
    }
}
