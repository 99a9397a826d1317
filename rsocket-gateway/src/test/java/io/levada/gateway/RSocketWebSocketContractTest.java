package io.levada.gateway;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.testkit.contract.DurableContract;
import io.levada.testkit.contract.LevadaContract;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;

class RSocketWebSocketContractTest implements LevadaContract, DurableContract {
    @TempDir
    static Path directory;

    private final AtomicInteger logs = new AtomicInteger();

    @Override
    public Levada open(LevadaOptions options) {
        return ServedLevada.overWebSocket("memory:", options);
    }

    @Override
    public Levada openNew(LevadaOptions options) {
        logs.incrementAndGet();
        return reopen(options);
    }

    @Override
    public Levada reopen(LevadaOptions options) {
        return ServedLevada.overWebSocket("file:" + directory.resolve("log-" + logs.get()), options);
    }
}
