package io.levada.facade;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Group;
import io.levada.Groups;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.Topics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The facade over any engine: records in and out of its batches. Safe for any thread. */
public final class EngineLevada implements Levada {
    private final String address;
    private final Engine engine;
    private final LevadaOptions options;
    private final Scheduler timers;
    private final InstantSource clock;
    private final Set<Membership> memberships = ConcurrentHashMap.newKeySet();

    /** Takes the engine over: closing this closes it. */
    public EngineLevada(String address, Engine engine, LevadaOptions options) {
        this(address, engine, options, Schedulers.parallel(), InstantSource.system());
    }

    /**
     * The same in a time of its own.
     *
     * @param timers what commits and the limits of leaving and closing go by; its tasks do not block
     * @param clock what records without a time of their own get theirs from
     */
    public EngineLevada(String address, Engine engine, LevadaOptions options, Scheduler timers, InstantSource clock) {
        this.address = address;
        this.engine = engine;
        this.options = options;
        this.timers = timers;
        this.clock = clock;
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public Topics topics() {
        return new CallbackTopics(engine.topics(), options.callbacks());
    }

    @Override
    public Groups groups() {
        return new CallbackGroups(engine.groups(), options.callbacks());
    }

    @Override
    public Flux<Ack> publish(String topic, Publisher<Record> records) {
        return new PublishFlux(engine, topic, null, Objects.requireNonNull(records, "records"), options, clock);
    }

    @Override
    public Flux<Ack> publishAt(String topic, int partition, long expectedOffset, Publisher<Record> records) {
        if (partition < 0 || expectedOffset < 0) {
            return Flux.error(new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "partition " + partition + ", expected offset " + expectedOffset + ": both are 0 or more"));
        }
        Flux<Record> there = Flux.from(records).map(record -> record.withPartition(partition));
        return new PublishFlux(engine, topic, new ExpectedPlace(partition, expectedOffset), there, options, clock);
    }

    @Override
    public Flux<StoredRecord> read(ReadSpec spec) {
        if (spec.from() instanceof Position.Committed) {
            return Flux.error(
                    new LevadaException(
                            ErrorCode.INVALID_REQUEST,
                            "only a group has a commit to start from; read from earliest, latest, an offset, a time or a token"));
        }
        return new ReadFlux(engine, spec, options);
    }

    @Override
    public Group group(String name) {
        return new EngineGroup(name, engine, options, timers, memberships);
    }

    @Override
    public Mono<Void> closeGracefully(Duration limit) {
        Mono<Void> late = Mono.error(() -> new LevadaException(
                ErrorCode.TIMEOUT, "the log did not close within " + limit + "; what is open ends with the process"));
        return Mono.defer(() ->
                leaveAll(limit).then(engine.shutdown().timeout(limit.plus(Membership.LEAVE_LIMIT), late, timers)));
    }

    /** All members leave; complete when they have, which each does within the limits of its own. */
    private Mono<Void> leaveAll(Duration patience) {
        return Mono.when(
                memberships.stream().map(member -> member.leave(patience)).toList());
    }

    @Override
    public void close() {
        try {
            leaveAll(Duration.ZERO).toFuture().get(Membership.LEAVE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            // Closing goes on: what was not committed is delivered again.
        }
        engine.close();
    }

    @Override
    public String toString() {
        return address;
    }
}
