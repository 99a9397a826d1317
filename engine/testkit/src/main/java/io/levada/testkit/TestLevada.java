package io.levada.testkit;

import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.engine.EmbeddedEngine;
import io.levada.engine.EngineConfig;
import io.levada.env.Env;
import io.levada.env.MemoryDisk;
import io.levada.env.RealRandomness;
import io.levada.facade.EngineLevada;
import java.time.Duration;
import java.time.Instant;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A log in memory for a test of an application: the engine as it is elsewhere, with a clock that the test moves on and with
 * faults that it asks for. Tests of JUnit Jupiter get one of their own as a parameter by {@link LevadaExtension}.
 *
 * <pre>{@code
 * try (TestLevada test = TestLevada.start()) {
 *     new Billing(test.levada()).start();
 *     test.faults().cutMembers("billing");
 *     test.advance(TestLevada.GRACE);
 * }
 * }</pre>
 *
 * <p>Time stands still but for {@link #advance}, and threads are real: what needs no time (publishing, reading, joining,
 * handing over) happens at once, and tests may block. Whatever waits for time waits for {@code advance}: retention, grace
 * periods, {@code maxStall}, and commits, which members make a second after an acknowledgement, when they leave, or when
 * they hand over. Delays that an application makes itself, as with {@code Mono.delay}, are not the log's and take real time.
 * Safe for any thread.
 */
public final class TestLevada implements AutoCloseable {
    /** How long the partitions of a member whose connection broke wait for it. */
    public static final Duration GRACE = Duration.ofSeconds(10);

    private final VirtualTime time = new VirtualTime();
    private final Faults faults = new Faults();
    private final Levada levada;

    private TestLevada(LevadaOptions options) {
        Env env = new Env(new MemoryDisk(), time, new RealRandomness(), time);
        Scheduler callbacks = Schedulers.fromExecutor(time.callbacks(options.callbacks()::schedule));
        levada = new EngineLevada(
                "memory:",
                new FaultyEngine(EmbeddedEngine.open(env, EngineConfig.memory()), faults),
                options.withCallbacks(callbacks),
                new LoopTimers(time.newLoop("timers"), time),
                this::now);
    }

    /** Starts an empty log, with default options. */
    public static TestLevada start() {
        return start(LevadaOptions.defaults());
    }

    /** Starts an empty log. */
    public static TestLevada start(LevadaOptions options) {
        return new TestLevada(options);
    }

    /** The log, for the application. */
    public Levada levada() {
        return levada;
    }

    /** The log's time, which is the machine's at the start, and then moves by {@link #advance} alone. */
    public Instant now() {
        return Instant.ofEpochMilli(time.wallMs());
    }

    /**
     * Lets time pass without waiting for it: first what there is to do now is done, then whatever falls due, in its order,
     * each with what follows from it. Callbacks of the application belong to that, except those that take more than a second
     * of real time, which go on meanwhile. Not for callbacks themselves.
     *
     * @throws IllegalArgumentException for less than nothing
     * @throws AssertionError when the engine does not come to rest within ten seconds of real time
     */
    public void advance(Duration by) {
        time.advance(by);
    }

    /** What is to go wrong. */
    public Faults faults() {
        return faults;
    }

    /**
     * Closes the log, which is gone.
     *
     * @throws LevadaException if it did not close well
     */
    @Override
    public void close() {
        faults.releaseAllAcks();
        levada.close();
        time.close();
    }
}
