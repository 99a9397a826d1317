package io.levada.rest;

import io.levada.Ack;
import io.levada.Delivery;
import io.levada.GroupDescription;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.engine.EngineConfig;
import io.levada.env.Env;
import io.levada.env.Loop;
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
import java.util.function.Consumer;
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

    /** Told of partitions that claims come to own. */
    Consumer<TopicPartition> onAssigned = partition -> {};

    private final Loop claimsLoop;

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
        claimsLoop = scheduler.newLoop("claims");
        claims = new Claims(
                new LoopScheduler(claimsLoop, scheduler.clock()),
                scheduler.clock()::nanos,
                new ClaimIds(new Random(seed)),
                limits);
    }

    /** The machine after a power cut, or kill, of the server. */
    SimulatedServer afterPowerCut(CrashStyle style, long seed) {
        SimScheduler next =
                new SimScheduler(new SimRandomness(seed), scheduler.clock().afterStop(Duration.ofSeconds(1)));
        SimDisk found = disk.afterCrash(next, new SimRandomness(seed), style);
        onAssigned = partition -> {};
        close(); // the server of before does not know, and gives its buffers back
        return new SimulatedServer(next, found, seed, ClaimLimits.defaults());
    }

    private LoopScheduler timers(String name) {
        return new LoopScheduler(scheduler.newLoop(name), scheduler.clock());
    }

    /** The engine, whose memberships are remembered. */
    private Engine spying(Engine on) {
        return proxy(Engine.class, on, (name, arguments, call) -> {
            if (!name.equals("join")) {
                return call.with(arguments);
            }
            MemberSink sink = (MemberSink) arguments[1];
            members.add(sink);
            GroupSession session = spying((GroupSession) call.with(arguments[0], spying(sink)));
            sessions.add(session);
            return session;
        });
    }

    /** What is assigned is told in its turn among what claims hear. */
    private MemberSink spying(MemberSink on) {
        return proxy(MemberSink.class, on, (name, arguments, call) -> {
            if (name.equals("onAssigned")) {
                TopicPartition partition = (TopicPartition) arguments[1];
                claimsLoop.execute(() -> onAssigned.accept(partition));
            }
            return call.with(arguments);
        });
    }

    private GroupSession spying(GroupSession on) {
        return proxy(GroupSession.class, on, (name, arguments, call) -> {
            Object answer = call.with(arguments);
            if (name.equals("read")) {
                readers.add((GroupSession.AssignedReader) answer);
            }
            return name.equals("commit") ? commit((Mono<?>) answer) : answer;
        });
    }

    private Mono<?> commit(Mono<?> sound) {
        LevadaException error = commitError;
        return error != null ? Mono.error(error) : losesCommits ? Mono.empty() : sound;
    }

    private interface Around {
        @Nullable
        Object call(String name, Object[] arguments, Call call) throws Throwable;
    }

    private interface Call {
        Object with(Object... arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, T on, Around around) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    Object[] all = arguments == null ? new Object[0] : arguments;
                    return around.call(method.getName(), all, with -> {
                        try {
                            return method.invoke(on, with);
                        } catch (InvocationTargetException e) {
                            throw e.getTargetException();
                        }
                    });
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
