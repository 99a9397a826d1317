package io.levada.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.access.Principal;
import io.levada.wire.Json;
import io.rsocket.Payload;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * {@code session}: how the connection itself stands, told at once and whenever that has changed, as far as it is asked for:
 * whose it is and until when, whether it is held back for what other connections hold, whether the server stops. Whoever asks
 * slowly is told of fewer changes, never of old ones.
 */
final class SessionStream extends ClientStream {
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(200);

    private @Nullable Future<?> timer;
    private @Nullable State told;
    private boolean draining;

    /** What is told of; other than the one before it where it matters to the client. */
    private record State(String principal, @Nullable Instant expires, boolean throttled, boolean draining) {}

    SessionStream(ClientSession session, FluxSink<Payload> sink) {
        super(session, sink);
    }

    /** Begins; what fails fails the stream. */
    void open(Json wanted) {
        try {
            wanted.only();
            timer = session.connection().every(LOOK_INTERVAL, this::look);
            outlet.onDemand(more -> look());
        } catch (RuntimeException error) {
            fail(error);
        }
    }

    /** Stays until all else has ended, so that what is told is heard. */
    @Override
    void goAway() {
        draining = true;
        look();
    }

    private void look() {
        if (hasEnded() || outlet.demand() == 0) {
            return;
        }
        Principal principal = session.principal();
        State now = new State(
                principal.name(),
                principal.expiresAt(),
                session.connection().budget().shrunk(),
                draining);
        if (!now.equals(told)) {
            told = now;
            outlet.send(Json.encode(json(now)));
        }
    }

    private ObjectNode json(State state) {
        ObjectNode json = Json.object().put("principal", state.principal());
        if (state.expires() != null) {
            json.put("expires", state.expires().toEpochMilli());
        }
        json.put("throttled", state.throttled()).put("draining", state.draining());
        if (state.draining()) {
            json.put("withinMs", session.limits().stopTimeout().toMillis());
        }
        return json;
    }

    @Override
    void onEnd(Ending ending) {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
