package io.levada.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.facade.Engine;
import io.levada.facade.EngineHealth;
import io.levada.wire.Json;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * What {@code /healthz} and {@code /readyz} answer. A server that lacks some offsets, or cannot publish to some partitions,
 * says so and serves on: whoever asks in order to restart it, or to send clients elsewhere, would take away what is whole
 * and mend nothing. It is not ready where nothing can be published at all, and while it stops. Safe for any thread.
 */
final class Probes {
    /** So long an answer stands, since a look goes over all partitions and anybody may ask. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int OK = 200;
    private static final int UNAVAILABLE = 503;

    private final Engine engine;
    private final boolean named;
    private final BooleanSupplier serving;
    private final LongSupplier nanoTime;
    private volatile Seen seen;

    private record Seen(EngineHealth health, long atNanos) {}

    /** An answer in JSON. */
    record Answer(int status, String json) {}

    /**
     * @param named whether those who ask may know names of topics
     * @param serving false once the server stops
     */
    Probes(Engine engine, boolean named, BooleanSupplier serving, LongSupplier nanoTime) {
        this.named = named;
        this.engine = engine;
        this.serving = serving;
        this.nanoTime = nanoTime;
        this.seen = new Seen(engine.health(), nanoTime.getAsLong());
    }

    /** Whether it serves anything new. */
    boolean serving() {
        return serving.getAsBoolean();
    }

    /** Whether the process works: always, where it answers. */
    Answer live() {
        return new Answer(OK, text(health(), named));
    }

    /** Whether clients are to be sent here. */
    Answer ready() {
        if (!serving()) {
            return new Answer(
                    UNAVAILABLE, Json.object().put("status", "stopping").toString());
        }
        EngineHealth health = health();
        return new Answer(health.refusal() == null ? OK : UNAVAILABLE, text(health, named));
    }

    private EngineHealth health() {
        long now = nanoTime.getAsLong();
        Seen last = seen;
        if (now - last.atNanos > FRESH_NANOS) {
            last = new Seen(engine.health(), now);
            seen = last;
        }
        return last.health;
    }

    private static String text(EngineHealth health, boolean named) {
        ObjectNode answer = Json.object().put("status", health.degraded() ? "degraded" : "ok");
        if (health.refusal() != null) {
            answer.put("publishing", health.refusal().name());
        }
        if (health.problemCount() > 0) {
            ObjectNode partitions = answer.putObject("problems").put("count", health.problemCount());
            if (!named) {
                return answer.toString();
            }
            ArrayNode some = partitions.putArray("some");
            for (EngineHealth.Problem problem : health.problems()) {
                some.addObject()
                        .put("topic", problem.partition().topic())
                        .put("partition", problem.partition().partition())
                        .put("code", problem.code().name())
                        .put("what", problem.what());
            }
        }
        return answer.toString();
    }
}
