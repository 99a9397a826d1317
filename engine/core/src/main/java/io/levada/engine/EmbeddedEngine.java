package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.TopicSpec;
import io.levada.Topics;
import io.levada.delivery.Delivery;
import io.levada.delivery.Positions;
import io.levada.delivery.Reads;
import io.levada.env.Env;
import io.levada.env.Loop;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.Engine;
import io.levada.facade.EngineHealth;
import io.levada.facade.EngineTotals;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ProducerId;
import io.levada.facade.ReadTotals;
import io.levada.facade.WriterSink;
import io.levada.log.LogStore;
import io.levada.log.LogTotals;
import io.levada.log.PartitionLog;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * An engine in this process, over a log on disk or in memory. Appending goes to the partitions of the log on the caller's
 * thread, reading comes from {@link Delivery}, groups have a loop of their own, and what blocks on the disk is done on the
 * loop of administration. Safe for any thread.
 */
public final class EmbeddedEngine implements Engine {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedEngine.class);
    private static final int CLOSE_SECONDS = 10;

    /** Of internal topics, of which the latest record of each key counts; small segments, so that old ones go soon. */
    private static final Map<String, String> INTERNAL_CONFIG =
            Map.of("cleanup.policy", "compact", "segment.bytes", "8388608");

    private final Env env;
    private final boolean ownsEnv;
    private final EngineConfig config;
    private final LogStore store;
    private final Delivery delivery;
    private final TopicRegistry topics;
    private final Positions positions;
    private final Reads reads;
    private final GroupService groups;
    private final ProducerNames producers;
    private final TopicAdmin admin;
    private final Loop adminLoop;
    private final List<Loop> writerLoops = new ArrayList<>();
    private final AtomicInteger nextWriterLoop = new AtomicInteger();
    private final Set<Writer> writers = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final AtomicBoolean closing = new AtomicBoolean();

    private EmbeddedEngine(Env env, boolean ownsEnv, EngineConfig config, LogStore store) {
        this.env = env;
        this.ownsEnv = ownsEnv;
        this.config = config;
        this.store = store;
        this.delivery = new Delivery(env.scheduler(), env.clock(), config.delivery(), config.limits());
        this.topics = new TopicRegistry(delivery);
        this.positions = new Positions(store.logId());
        this.reads = new Reads(positions, delivery);
        this.adminLoop = env.scheduler().newLoop("admin");
        for (int i = 0; i < config.writerLoops(); i++) {
            writerLoops.add(env.scheduler().newLoop("acks-" + i));
        }
        store.topics().forEach(topics::serve);
        OpenTopic named = topics.find(ProducerNames.TOPIC);
        this.producers = new ProducerNames(
                env,
                store.producerEpochs(),
                named == null ? null : onlyPartition(named),
                this::producersTopic,
                config.log().allocator());
        this.groups = new GroupRuntime(new Host(), config.groups(), topics.all());
        this.admin = new TopicAdmin(adminLoop, store, topics, groups, positions);
    }

    /** Opens {@code memory:} or {@code file:DIR} with the defaults that fit; see {@link #open(String, EngineConfig)}. */
    public static EmbeddedEngine open(String address) {
        return open(address, EngineConfig.defaultsFor(address));
    }

    /**
     * Opens a store by its address: {@code memory:} (gone when closed) or {@code file:DIR} (made if missing); recovers what
     * was durable, and blocks until it serves.
     *
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} for another address or a directory that is in use, or
     *     {@link ErrorCode#STORAGE_FAILED}, {@link ErrorCode#CORRUPT_MESSAGE}, {@link ErrorCode#UNSUPPORTED_VERSION}
     */
    public static EmbeddedEngine open(String address, EngineConfig config) {
        Env env = StoreAddress.parse(address).env();
        boolean opened = false;
        try {
            EmbeddedEngine engine = open(env, true, config);
            opened = true;
            return engine;
        } finally {
            if (!opened) {
                env.scheduler().close();
            }
        }
    }

    /** Opens the store on an environment's disk, which stays the caller's: closing the engine leaves its scheduler open. */
    public static EmbeddedEngine open(Env env, EngineConfig config) {
        return open(env, false, config);
    }

    private static EmbeddedEngine open(Env env, boolean ownsEnv, EngineConfig config) {
        LogStore store = LogStore.open(env, config.log());
        boolean opened = false;
        try {
            EmbeddedEngine engine = new EmbeddedEngine(env, ownsEnv, config, store);
            opened = true;
            return engine;
        } finally {
            if (!opened) {
                store.close();
            }
        }
    }

    @Override
    public Topics topics() {
        return admin;
    }

    @Override
    public Groups groups() {
        return groups.admin();
    }

    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        return producers.open(name);
    }

    private PartitionLog producersTopic() {
        return onlyPartition(internal(ProducerNames.TOPIC, 1));
    }

    private static PartitionLog onlyPartition(OpenTopic topic) {
        return topic.partitions().get(0).log();
    }

    private OpenTopic internal(String name, int partitions) {
        OpenTopic topic = topics.find(name);
        if (topic == null) {
            return topics.serve(store.createTopic(name, partitions, INTERNAL_CONFIG));
        }
        if (!topic.partitions().get(0).log().settings().compact()) {
            store.alterTopic(name, INTERNAL_CONFIG);
        }
        return topic;
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return openWriter(topic, null, sink);
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        return openWriter(topic, place, sink);
    }

    private BatchWriter openWriter(String topic, @Nullable ExpectedPlace place, WriterSink sink) {
        Loop loop = writerLoops.get(Math.floorMod(nextWriterLoop.getAndIncrement(), writerLoops.size()));
        try {
            TopicSpec.checkNotInternal(topic);
            Writer writer = new Writer(topics.require(topic), config, place, loop, sink, writers::remove);
            writers.add(writer);
            if (closing.get()) {
                writers.remove(writer);
                throw goingAway();
            }
            writer.open();
            return writer;
        } catch (LevadaException e) {
            refuse(loop, sink, e);
            return NoWriter.INSTANCE;
        }
    }

    private static void refuse(Loop loop, WriterSink sink, LevadaException error) {
        try {
            loop.execute(() -> sink.onError(error));
        } catch (RejectedExecutionException e) {
            LOG.debug("the engine is closed", e);
            sink.onError(error);
        }
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        return reads.open(spec, sink, () -> {
            TopicSpec.checkNotInternal(spec.topic()); // what members come back with stands there, among other things
            return CompletableFuture.completedStage(topics.require(spec.topic()));
        });
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        return groups.join(spec, sink);
    }

    @Override
    public ReadTotals readTotals() {
        return delivery.totals();
    }

    @Override
    public EngineTotals totals() {
        LogTotals log = store.totals();
        return new EngineTotals(
                log.topics(),
                log.partitions(),
                log.bytes(),
                log.journalForces(),
                log.journalForceNanos(),
                groups.rebalances());
    }

    @Override
    public EngineHealth health() {
        return HealthLook.at(store);
    }

    /**
     * Lets writers' batches be acknowledged, ends everything open with {@link ErrorCode#GOING_AWAY}, makes the log ready
     * for a start without recovery, and lets all memory and threads go.
     */
    @Override
    public Mono<Void> shutdown() {
        return Mono.defer(() -> {
            beginShutdown();
            return Mono.fromFuture(closed, true);
        });
    }

    @Override
    public void close() {
        beginShutdown();
        env.scheduler().await(closed.copy().orTimeout(CLOSE_SECONDS, TimeUnit.SECONDS));
    }

    private void beginShutdown() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        List<CompletableFuture<Void>> written = new ArrayList<>();
        writers.forEach(writer -> written.add(writer.end(goingAway())));
        CompletionStage<Void> quiet = CompletableFuture.allOf(written.toArray(CompletableFuture[]::new));
        quiet = whateverCameOf("writers", quiet).thenCompose(done -> groups.close());
        quiet = whateverCameOf("groups", quiet).thenCompose(done -> delivery.close());
        whateverCameOf("readers", quiet)
                .thenRunAsync(store::close, adminLoop)
                .whenComplete((done, error) -> release(error));
    }

    /** One part that fails to end must not keep the log from being closed. */
    private static CompletionStage<Void> whateverCameOf(String part, CompletionStage<Void> stage) {
        return stage.exceptionally(error -> {
            LOG.error("the {} did not end well", part, error);
            return null;
        });
    }

    /** Ends the threads, from one that is none of them. */
    private void release(@Nullable Throwable error) {
        Runnable end = () -> {
            if (ownsEnv) {
                env.scheduler().close();
            }
            if (error == null) {
                closed.complete(null);
            } else {
                closed.completeExceptionally(Reads.cause(error));
            }
        };
        if (ownsEnv) {
            new Thread(end, "levada-close").start();
        } else {
            end.run();
        }
    }

    private static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the log is closing; go on when it is open again");
    }

    /** What groups see of the engine. */
    private final class Host implements GroupHost {
        @Override
        public Env env() {
            return env;
        }

        @Override
        public Delivery delivery() {
            return delivery;
        }

        @Override
        public @Nullable OpenTopic topic(String name) {
            return topics.find(name);
        }

        @Override
        public OpenTopic internalTopic(String name, int partitions) {
            return internal(name, partitions);
        }

        @Override
        public CompletionStage<Long> offsetOf(OpenTopic topic, int partition, Position position) {
            return positions.offsetOf(topic, partition, position);
        }

        @Override
        public CompletionStage<SortedMap<Integer, Long>> offsetsOf(
                OpenTopic topic, @Nullable Integer only, Position position) {
            return positions.offsetsOf(topic, only, position);
        }
    }

    /** What a writer that could not be opened leaves its caller with. */
    private enum NoWriter implements BatchWriter {
        INSTANCE;

        @Override
        public void write(int partition, long sequence, ByteBuf batch) {
            batch.release();
        }

        @Override
        public void complete() {}

        @Override
        public void cancel() {}
    }
}
