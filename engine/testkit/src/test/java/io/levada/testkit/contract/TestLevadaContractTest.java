package io.levada.testkit.contract;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.testkit.TestLevada;

/** A log for tests without faults is as sound as any, in all that needs no time to pass. */
class TestLevadaContractTest implements TopicContract, PublishContract, ReadContract {
    @Override
    public Levada open(LevadaOptions options) {
        return TestLevada.start(options).levada();
    }

    /** Left out, as it holds timestamps against the machine's time. */
    @Override
    public void keys_values_headers_and_timestamps_come_back_as_they_were(Levada log) {}

    /** Left out, as how far a reader lags is looked at now and then. */
    @Override
    public void a_reader_that_is_to_be_disconnected_is_told_so(Levada log) {}
}
