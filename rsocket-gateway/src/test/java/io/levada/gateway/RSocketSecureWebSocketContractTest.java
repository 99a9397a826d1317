package io.levada.gateway;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.testkit.contract.LevadaContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

@Tag("long")
class RSocketSecureWebSocketContractTest implements LevadaContract {
    private final Certificates certificates;

    RSocketSecureWebSocketContractTest(@TempDir Path directory) {
        certificates = new Certificates(directory);
    }

    @Override
    public Levada open(LevadaOptions options) {
        return ServedLevada.overWebSocketAndTls(certificates, options);
    }
}
