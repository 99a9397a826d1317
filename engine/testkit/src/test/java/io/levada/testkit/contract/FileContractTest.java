package io.levada.testkit.contract;

import io.levada.Levada;
import io.levada.LevadaOptions;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;

class FileContractTest implements LevadaContract, DurableContract {
    @TempDir
    static Path directory;

    private final AtomicInteger logs = new AtomicInteger();

    @Override
    public Levada open(LevadaOptions options) {
        logs.incrementAndGet();
        return reopen(options);
    }

    @Override
    public Levada openNew(LevadaOptions options) {
        return open(options);
    }

    @Override
    public Levada reopen(LevadaOptions options) {
        return Levada.open("file:" + directory.resolve("log-" + logs.get()), options);
    }
}
