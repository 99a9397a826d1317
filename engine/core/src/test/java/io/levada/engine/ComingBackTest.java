package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.engine.Collected.Reading;
import io.levada.engine.Collected.Writing;
import io.levada.facade.BatchWriter;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A member that comes back owns what it is told of from that moment on, on whatever threads its reader is served. */
final class ComingBackTest {
    private static final Duration BOUND = Duration.ofSeconds(30);

    /** Reads on within the very call that says it is back, and holds the groups' thread up until something came of it. */
    private static final class Eager implements MemberSink {
        final CompletableFuture<GroupSession> session = new CompletableFuture<>();
        final CompletableFuture<JoinSpec.Rejoin> identity = new CompletableFuture<>();
        final CompletableFuture<Integer> assigned = new CompletableFuture<>();
        final Reading reading = new Reading();

        @Override
        public void onJoined(String member, long secret, long generation) {
            identity.complete(new JoinSpec.Rejoin(member, secret));
        }

        @Override
        public void onRejoined(long generation, Set<Integer> handles) {
            GroupSession.AssignedReader reader = session.join().read(reading);
            reader.credit(Long.MAX_VALUE, Long.MAX_VALUE);
            handles.forEach(handle -> reader.add(handle, 0));
            Collected.await("something", () -> !(reading.records.isEmpty() && reading.events.isEmpty()));
        }

        @Override
        public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
            assigned.complete(handle);
        }

        @Override
        public void onRevoking(int handle, long withinMs) {}

        @Override
        public void onLost(int handle) {}

        @Override
        public void onSeeked(int handle, long offset) {}

        @Override
        public void onIdle(String reason) {}

        @Override
        public void onLeft() {}

        @Override
        public void onError(Throwable error) {
            identity.completeExceptionally(error);
            assigned.completeExceptionally(error);
        }
    }

    private static Eager join(EmbeddedEngine engine, JoinSpec spec) {
        Eager member = new Eager();
        member.session.complete(engine.join(spec, member));
        return member;
    }

    private static void publish(EmbeddedEngine engine) {
        Writing writing = new Writing();
        BatchWriter writer = engine.write("t", writing);
        writer.write(0, 0, Collected.batch(1, "a", "b"));
        writer.complete();
        writing.awaitEnd();
    }

    @Test
    void reads_on_as_soon_as_it_hears_that_it_is_back() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:")) {
            engine.topics().create(TopicSpec.of("t")).block(BOUND);
            publish(engine);
            JoinSpec spec = new JoinSpec("g", List.of("t"), "m", Position.earliest());
            Eager before = join(engine, spec);
            int handle = before.assigned.join();
            before.session.join().abort();

            Eager back = join(engine, spec.rejoining(before.identity.join()));
            assertEquals(handle, back.assigned.join());

            assertEquals(List.of(), back.reading.events, "it owns the partition");
            assertEquals(List.of(handle + ":0=a", handle + ":1=b"), back.reading.records);
        }
    }
}
