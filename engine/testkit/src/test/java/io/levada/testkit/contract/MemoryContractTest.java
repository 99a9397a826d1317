package io.levada.testkit.contract;

import io.levada.Levada;
import io.levada.LevadaOptions;

class MemoryContractTest implements LevadaContract {
    @Override
    public Levada open(LevadaOptions options) {
        return Levada.open("memory:", options);
    }
}
