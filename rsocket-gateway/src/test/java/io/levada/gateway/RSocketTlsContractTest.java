package io.levada.gateway;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.testkit.contract.LevadaContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class RSocketTlsContractTest implements LevadaContract {
    private final Certificates certificates;

    RSocketTlsContractTest(@TempDir Path directory) {
        certificates = new Certificates(directory);
    }

    @Override
    public Levada open(LevadaOptions options) {
        return ServedLevada.overTcpAndTls(certificates, options);
    }
}
