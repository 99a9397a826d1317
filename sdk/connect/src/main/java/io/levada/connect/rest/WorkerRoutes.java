package io.levada.connect.rest;

import java.util.concurrent.TimeoutException;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.rest.entities.ServerInfo;
import org.apache.kafka.connect.runtime.rest.entities.WorkerStatus;
import org.apache.kafka.connect.util.StagedTimeoutException;
import org.jspecify.annotations.Nullable;

/** What the worker is, and how it is: {@code /} and {@code /health}, as Kafka's {@code RootResource}. */
final class WorkerRoutes {
    private final Herder herder;
    private final HerderCalls calls;

    WorkerRoutes(Herder herder, HerderCalls calls) {
        this.herder = herder;
        this.calls = calls;
    }

    Answer info(Request request) {
        return Answer.ok(new ServerInfo(herder.kafkaClusterId()));
    }

    Answer health(Request request) throws Throwable {
        try {
            calls.awaitHealth(herder::healthCheck);
            return Answer.ok(WorkerStatus.healthy());
        } catch (TimeoutException e) {
            @Nullable
            String doing =
                    e instanceof StagedTimeoutException staged ? staged.stage().summarize() : null;
            return herder.isReady()
                    ? Answer.of(500, WorkerStatus.unhealthy(doing))
                    : Answer.of(503, WorkerStatus.starting(doing));
        }
    }
}
