package io.levada.gateway;

import io.levada.facade.BatchReader;
import io.levada.facade.Engine;
import io.levada.facade.EngineHealth;
import io.levada.facade.EngineTotals;
import io.levada.facade.ReadTotals;
import io.levada.wire.OutboundConnection;
import io.levada.wire.OutboundPool;
import io.levada.wire.Subscribed;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** How a server stands: its connections, their subscriptions, and what its engine has done. Safe for any thread. */
final class ServerStats {
    private final Engine engine;
    private final Collection<ClientSession> sessions;
    private final Function<Predicate<String>, Flux<Mono<Subscribed>>> overHttp;
    private final Supplier<List<OutboundConnection>> connections;
    private final OutboundPool pool;
    private final Traffic traffic;

    /**
     * @param sessions of the server, as they come and go
     * @param overHttp streams without a session, of some principals, each to come on its event loop
     * @param connections all whose bytes are counted, those of the sessions among them
     */
    ServerStats(
            Engine engine,
            Collection<ClientSession> sessions,
            Function<Predicate<String>, Flux<Mono<Subscribed>>> overHttp,
            Supplier<List<OutboundConnection>> connections,
            OutboundPool pool,
            Traffic traffic) {
        this.overHttp = overHttp;
        this.connections = connections;
        this.engine = engine;
        this.sessions = sessions;
        this.pool = pool;
        this.traffic = traffic;
    }

    /** What has gone through. */
    Traffic traffic() {
        return traffic;
    }

    /** What its engine holds and has done. */
    EngineTotals totals() {
        return engine.totals();
    }

    /** What is wrong with its engine. */
    EngineHealth health() {
        return engine.health();
    }

    int connections() {
        return sessions.size();
    }

    /** Bytes that all connections hold and have not written. */
    long bytesInFlight() {
        return connections.get().stream()
                .mapToLong(each -> each.budget().heldBytes())
                .sum();
    }

    /** Bytes that all connections may hold together. */
    long bytesInFlightLimit() {
        return pool.limitBytes();
    }

    /** What was done for all readers. */
    ReadTotals reads() {
        return engine.readTotals();
    }

    /** How all subscriptions stand. */
    Mono<List<SubscriptionStats>> subscriptions() {
        return subscriptions(everybody -> true);
    }

    /** How those of some principals stand, each asked for on its own event loop and its own loop of the engine. */
    Mono<List<SubscriptionStats>> subscriptions(Predicate<String> owners) {
        return Flux.fromIterable(sessions)
                .filter(session -> session.isOf(owners))
                .flatMap(ServerStats::ask)
                .concatWith(overHttp.apply(owners).flatMap(stream -> stream.flatMap(ServerStats::ask)))
                .collectList();
    }

    /** To be called on the stream's event loop. */
    private static Mono<SubscriptionStats> ask(Subscribed stream) {
        BatchReader reader = stream.reader();
        return reader == null
                ? Mono.empty()
                : Mono.fromCompletionStage(SubscriptionStats.of(stream, reader)).onErrorComplete();
    }

    /** Those of one connection, without those that end meanwhile. */
    private static Flux<SubscriptionStats> ask(ClientSession session) {
        Mono<List<CompletionStage<SubscriptionStats>>> asked =
                Mono.create(reply -> session.connection().onLoop(() -> reply.success(session.stats()), reply::success));
        return asked.flatMapIterable(stats -> stats)
                .flatMap(stats -> Mono.fromCompletionStage(stats).onErrorComplete());
    }
}
