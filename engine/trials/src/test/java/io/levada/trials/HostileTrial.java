package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

/**
 * A server meets every kind of hostile peer there is, from those that are nobody and from those it has let in, while a client
 * that does no harm publishes and reads: it loses nothing, is served within five seconds behind each, and the server holds
 * nothing at the end that it did not hold before.
 */
@Tag("trial")
@Isolated("it says how long others wait")
class HostileTrial {
    private static final int SLOW = 300;
    private static final int RESETS = 10;
    private static final int STORM = 2_000;
    private static final int SILENT = 40;
    private static final int HALF_OPEN = 10;
    private static final int KEPT_RECORDS = 8_000;
    private static final int VALUE_BYTES = 1_000;
    private static final int LONG_MS = 600_000;

    @TempDir
    private Path directory = Path.of("");

    /** Something that is done to a server. */
    private interface Abuse {
        Object run() throws Exception;
    }

    @ParameterizedTest(name = "TLS {0}")
    @ValueSource(booleans = {false, true})
    void hostile_peers_cost_themselves_and_nobody_else(boolean secured) throws Exception {
        try (HostileServer server = new HostileServer(directory, secured)) {
            try (HealthyClient healthy = new HealthyClient(server.address(), server.options())) {
                beside(server, healthy);
            }
            server.end();
        }
    }

    private static void beside(HostileServer server, HealthyClient healthy) throws Exception {
        fill(server);
        healthy.calibrate();
        Footprint footprint = Footprint.of(server);
        try (SlowPeers bodies = new SlowPeers(server.after(), SLOW * Sizes.hostile()).openBodies();
                HalfOpenPeers halfOpen = new HalfOpenPeers(server.after(), HalfOpenPeers.LIFETIME_MS)) {
            group(healthy, server.after(), "who is cut off", () -> halfOpen.cutOff(HALF_OPEN)
                    .awaitClosed());
            abuse(server, healthy, server.before());
            abuse(server, healthy, server.after());
            group(healthy, server.after(), "bodies that stand still", bodies::awaitClosed);
            group(healthy, server.after(), "who is cut off in lines", halfOpen::awaitLinesClosed);
        }
        System.out.println(healthy.finish() + " records of the healthy client are all there");
        footprint.awaitBack(server);
    }

    private static void fill(HostileServer server) throws Exception {
        try (Levada levada = Levada.open(server.address(), server.options())) {
            levada.blocking().createTopic(TopicSpec.of(HostileServer.TOPIC));
            levada.publish(
                            HostileServer.TOPIC,
                            Flux.range(0, KEPT_RECORDS).map(i -> Record.ofValue("x".repeat(VALUE_BYTES))))
                    .blockLast(Door.PATIENCE);
        }
    }

    private static void abuse(HostileServer server, HealthyClient healthy, Door door) throws Exception {
        int size = Sizes.hostile();
        try (SlowPeers slow = new SlowPeers(door, SLOW * size).open()) {
            CompletableFuture<Integer> closed = CompletableFuture.supplyAsync(slow::awaitClosed);
            group(healthy, door, "what is forged", () -> new Forgeries(server, door).run());
            group(healthy, door, "who is gone", () -> {
                VanishingPeers vanishing = new VanishingPeers(server, door);
                vanishing.reset(RESETS * size);
                vanishing.storm(STORM * size);
                return STORM * size + (door.known() ? vanishing.fallSilent(SILENT) : 0);
            });
            group(healthy, door, "what is bad or too large", () -> new BadFrames(server, door).run());
            group(healthy, door, "who is slow", closed::join);
        }
        group(healthy, door, "floods", () -> {
            try (Floods floods = new Floods(server, door)) {
                return floods.run();
            }
        });
    }

    private static void group(HealthyClient healthy, Door door, String name, Abuse abuse) throws Exception {
        long begun = System.nanoTime();
        Object result = abuse.run();
        healthy.recovers(door + ": " + name + " (" + result + ")", begun);
    }

    /** The control: each check sees what it is there to see. */
    @Test
    void a_server_that_is_patient_stands_still_or_holds_on_is_noticed() throws Exception {
        try (HostileServer server = new HostileServer(directory, false, "--setup-timeout", "60s");
                HealthyClient healthy = new HealthyClient(server.address(), server.options())) {
            fill(server);
            healthy.calibrate();
            Footprint footprint = Footprint.of(server);
            try (SlowPeers slow = new SlowPeers(server.before(), 12).open()) {
                notices("not closed in time", slow::awaitClosed);
                notices("it held", () -> footprint.awaitBack(server, Duration.ofSeconds(1)));
            }
            try (HalfOpenPeers patient = new HalfOpenPeers(server.after(), LONG_MS)) {
                notices("not closed within", patient.cutOff(2)::awaitClosed);
            }
            Shell.run("kill", "-STOP", Long.toString(server.process().pid()));
            try {
                TimeUnit.MILLISECONDS.sleep(100);
                notices("not served within", () -> healthy.recovers("standing still", System.nanoTime()));
            } finally {
                Shell.run("kill", "-CONT", Long.toString(server.process().pid()));
            }
            healthy.recovers("going on", System.nanoTime());
            healthy.finish();
        }
    }

    private static void notices(String what, Executable check) {
        String said = String.valueOf(assertThrows(AssertionError.class, check).getMessage());
        assertTrue(said.startsWith(what), said);
    }
}
