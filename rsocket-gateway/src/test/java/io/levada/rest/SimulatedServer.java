package io.levada.rest;

import io.levada.Ack;
import io.levada.Delivery;
import io.levada.GroupDescription;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.engine.EngineConfig;
import io.levada.env.Env;
import io.levada.env.SimDisk;
import io.levada.env.SimDisk.CrashStyle;
import io.levada.env.SimRandomness;
import io.levada.env.SimScheduler;
import io.levada.facade.Engine;
import io.levada.facade.EngineLevada;
import io.levada.facade.GroupSession;
import io.levada.facade.MemberSink;
import io.levada.log.LogConfig;
import io.levada.testkit.Probe;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A log on a simulated disk, with claims on it, in virtual time; all from one seed. For one thread. */
final class SimulatedServer implements AutoCloseable {
    /** Buffers that a crash may lose. */
    private static final ByteBufAllocator UNTRACKED = new UnpooledByteBufAllocator(false, true);

    private static final EngineConfig CONFIG = EngineConfig.defaults()
            .withLimits(
                    EngineConfig.defaults().limits().withMaxRecordBytes(1 << 10).withMaxBatchBytes(32 << 10))
            .withLog(LogConfig.defaults()
                    .withWriterLoops(2)
                    .withJournal(64 << 10, 2)
                    .withSegmentBytes(16 << 10)
                    .withAllocator(UNTRACKED));

    final SimScheduler scheduler;
    final SimDisk disk;
    final Engine engine;
    final Levada levada;
    final Claims claims;

    /** What claims joined as, and are told by. */
    final List<MemberSink> members = new ArrayList<>();

    final List<GroupSession> sessions = new ArrayList<>();
    private final List<GroupSession.AssignedReader> readers = new ArrayList<>();

    /** Whether commits are answered and not made: what a check has to find. */
    boolean losesCommits;

    /** What commits fail with, if they are to. */
    @Nullable
    LevadaException commitError;

    private final EmbeddedEngine embedded;

    SimulatedServer(long seed) {
        this(seed, ClaimLimits.defaults());
    }

    SimulatedServer(long seed, ClaimLimits limits) {
        this(new SimScheduler(new SimRandomness(seed)), null, seed, limits);
    }

    private SimulatedServer(SimScheduler scheduler, @Nullable SimDisk on, long seed, ClaimLimits limits) {
        SimRandomness random = new SimRandomness(seed + 1);
        this.scheduler = scheduler;
        this.disk = on == null ? new SimDisk(scheduler, random) : on;
        embedded = EmbeddedEngine.open(new Env(disk, scheduler.clock(), random, scheduler), CONFIG);
        engine = spying(embedded);
        levada = new EngineLevada(
                "memory:",
                embedded,
                LevadaOptions.defaults().withCallbacks(timers("callbacks")),
                timers("timers"),
                () -> Instant.ofEpochMilli(scheduler.clock().wallMs()));
        claims = new Claims(timers("claims"), scheduler.clock()::nanos, new Random(seed), limits);
    }

    /** The machine after a power cut, or kill, of the server. */
    SimulatedServer afterPowerCut(CrashStyle style, long seed) {
        scheduler.crash();
        scheduler.close();
        SimScheduler next =
                new SimScheduler(new SimRandomness(seed), scheduler.clock().afterStop(Duration.ofSeconds(1)));
        return new SimulatedServer(
                next, disk.afterCrash(next, new SimRandomness(seed), style), seed, ClaimLimits.defaults());
    }

    private LoopScheduler timers(String name) {
        return new LoopScheduler(scheduler.newLoop(name), scheduler.clock());
    }

    /** The engine, whose memberships are remembered. */
    private Engine spying(Engine on) {
        return proxy(Engine.class, on, (name, arguments, result) -> {
            if (!name.equals("join")) {
                return result;
            }
            members.add((MemberSink) arguments[1]);
            GroupSession session = proxy(GroupSession.class, (GroupSession) result, (call, with, answer) -> {
                if (call.equals("read")) {
                    readers.add((GroupSession.AssignedReader) answer);
                }
                return call.equals("commit") ? commit((Mono<?>) answer) : answer;
            });
            sessions.add(session);
            return session;
        });
    }

    private Mono<?> commit(Mono<?> sound) {
        LevadaException error = commitError;
        return error != null ? Mono.error(error) : losesCommits ? Mono.empty() : sound;
    }

    private interface After {
        Object apply(String name, Object[] arguments, Object result);
    }

    private static <T> T proxy(Class<T> type, T on, After after) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        return after.apply(method.getName(), arguments, method.invoke(on, arguments));
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    /** Records that left the log for claims. */
    long deliveredRecords() {
        return readers.stream()
                .mapToLong(each -> scheduler.await(each.status()).deliveredRecords())
                .sum();
    }

    void topic(String name, int partitions) {
        await(levada.topics().create(TopicSpec.of(name).partitions(partitions)));
    }

    List<Ack> publish(String topic, int partition, String... values) {
        return await(levada.publish(topic, Flux.fromArray(values).map(value -> Record.ofValue(value)
                        .withPartition(partition)))
                .collectList());
    }

    GroupDescription describe(String group) {
        return await(levada.groups().describe(group));
    }

    long committed(String group, String topic, int partition) {
        return describe(group).offsets().stream()
                .filter(each -> each.topic().equals(topic) && each.partition() == partition)
                .findFirst()
                .orElseThrow()
                .committed();
    }

    /** Another member of a group, by the SDK's interface; asks for so many records. */
    Probe<Delivery> member(String group, String topic, long demand) {
        return Probe.of(levada.group(group).receive(topic), demand);
    }

    Claimed claim(ClaimSpec spec) {
        return await(claims.claim("me", engine, spec));
    }

    void ack(Claimed claim) {
        await(claims.ack("me", claim.claim()));
    }

    void release(Claimed claim) {
        await(claims.release("me", claim.claim()));
    }

    void extend(Claimed claim, Duration lease) {
        await(claims.extend("me", claim.claim(), lease));
    }

    void advance(Duration time) {
        scheduler.advance(time);
    }

    <T> T await(Mono<T> answer) {
        try {
            return scheduler.await(answer.toFuture());
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            throw LevadaException.of(cause == null ? e : cause);
        }
    }

    static List<String> values(Claimed claim) {
        return claim.records().stream()
                .map(each -> String.valueOf(each.valueUtf8()))
                .toList();
    }

    @Override
    public void close() {
        await(claims.goAway());
        await(embedded.shutdown());
        scheduler.close();
    }
}
