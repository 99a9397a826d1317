package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * An engine on a Kafka cluster, which keeps nothing itself: any number of them serve the same topics and groups. Publishing goes
 * through idempotent producers, reading through {@link Delivery} with one fetch of each partition for all live readers, and a
 * member of a group is a member of the cluster's group. Safe for any thread.
 */
public final class KafkaEngine implements Engine {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaEngine.class);

    /** Of a partition at once: more than a block of storage, as each fetch goes to a broker and back. */
    private static final int FETCH_BYTES = 1 << 20;

    /** For the time of one record, which tells how far a group is behind. */
    private static final int PEEK_BYTES = 4 << 10;

    private static final int CLOSE_SECONDS = 10;
    private static final Duration CLIENT_CLOSE = Duration.ofSeconds(5);

    private final Env env;
    private final ClusterConfig config;
    private final Admin admin;
    private final Delivery delivery;
    private final ClusterOffsets offsets;
    private final EndLook ends;
    private final ClusterTopics topics;
    private final ClusterPositions positions;
    private final ClusterTopicAdmin topicAdmin;
    private final Reads reads;
    private final ClusterGroups groups;
    private final Publisher publisher;
    private final StoredBlocks stored;
    private final BlockFetchers blocks;
    private final BlockFetchers peeks;
    private final List<TailFetcher> tails = new ArrayList<>();
    private final Set<ClusterWriter> writers = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final AtomicBoolean closing = new AtomicBoolean();

    private KafkaEngine(Env env, ClusterClients clients, ClusterConfig config, Admin admin, UUID logId) {
        this.env = env;
        this.config = config;
        this.admin = admin;
        this.delivery = new Delivery(env.scheduler(), env.clock(), config.delivery(), config.limits());
        this.offsets = new ClusterOffsets(admin);
        this.ends = new EndLook(offsets);
        Loop watch = env.scheduler().newLoop("cluster");
        this.topics = new ClusterTopics(admin, offsets, delivery, this::open, watch);
        Positions meaning = new Positions(logId);
        this.positions = new ClusterPositions(topics, offsets, meaning);
        this.topicAdmin = new ClusterTopicAdmin(admin, positions, logId);
        this.reads = new Reads(meaning, delivery);
        this.publisher =
                new Publisher(clients::producer, config, env.scheduler().newLoop("publish"));
        this.stored = new StoredBlocks(
                () -> clients.fetcher("levada-stored", FETCH_BYTES), config.limits(), !clients.readsNearby());
        this.blocks = new BlockFetchers(() -> clients.reader("levada-blocks", FETCH_BYTES), config.limits());
        this.peeks = new BlockFetchers(() -> clients.reader("levada-peeks", PEEK_BYTES), config.limits());
        for (int i = 0; i < config.tailFetchers(); i++) {
            String name = "levada-tails-" + i;
            tails.add(new TailFetcher(clients.reader(name, FETCH_BYTES), name, config.limits(), topics::lost));
        }
        this.groups = new ClusterGroups(admin, clients, config, positions, delivery, env);
    }

    /** Whether an address is one of a cluster. */
    public static boolean opens(String address) {
        return address.startsWith(ClusterAddress.SCHEME + ":");
    }

    /** Opens a cluster by its address with the defaults; see {@link #open(String, ClusterConfig)}. */
    public static KafkaEngine open(String address) {
        return open(address, ClusterConfig.defaults());
    }

    /**
     * Opens a cluster by its address, {@code kafka://HOST:PORT[,HOST:PORT...][?properties=FILE]}; blocks until a broker has
     * answered.
     *
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} for another address, {@link ErrorCode#INVALID_CONFIG}
     *     for settings that Kafka's clients do not take, {@link ErrorCode#CLUSTER_AUTHORIZATION_FAILED} and {@link
     *     ErrorCode#UNTRUSTED_CERTIFICATE} where they are not let in, {@link ErrorCode#TIMEOUT} where no broker answers
     */
    public static KafkaEngine open(String address, ClusterConfig config) {
        ClusterClients clients = new ClusterClients(ClusterAddress.parse(address), config);
        Env env = Env.memory();
        Admin admin = null;
        boolean opened = false;
        try {
            admin = clients.admin();
            KafkaEngine engine = new KafkaEngine(env, clients, config, admin, logId(admin, clients));
            opened = true;
            return engine;
        } catch (RuntimeException e) {
            throw admin == null ? refused(KafkaErrors.of(e)) : KafkaErrors.of(e);
        } finally {
            if (!opened) {
                if (admin != null) {
                    admin.close(Duration.ZERO);
                }
                env.scheduler().close();
            }
        }
    }

    /** A client that cannot be made was given what it cannot be made with, whatever it fails with. */
    private static LevadaException refused(LevadaException error) {
        return error.code() == ErrorCode.UNKNOWN_SERVER_ERROR
                ? new LevadaException(
                        ErrorCode.INVALID_CONFIG,
                        "Kafka's clients do not take the settings of the cluster: " + error.getMessage(),
                        error)
                : error;
    }

    private static UUID logId(Admin admin, ClusterClients clients) {
        String id;
        try {
            id = KafkaErrors.answer(admin.describeCluster().clusterId()).join();
        } catch (RuntimeException e) {
            throw unanswered(KafkaErrors.of(e), clients.servers());
        }
        try {
            return ClusterTopics.uuid(Uuid.fromString(id));
        } catch (IllegalArgumentException e) {
            LOG.debug("the cluster's id {} is not in Kafka's form", id, e);
            return UUID.nameUUIDFromBytes(id.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Why brokers do not answer at first, and what to do. */
    private static LevadaException unanswered(LevadaException error, String servers) {
        Throwable cause = error.getCause() == null ? error : error.getCause();
        if (error.code() == ErrorCode.TIMEOUT) {
            return new LevadaException(
                    ErrorCode.TIMEOUT,
                    "no broker answers at " + servers + "; see that one is there, and speaks as the settings say"
                            + " (security.protocol)",
                    error);
        } else if (cause instanceof SslAuthenticationException) {
            Throwable root = cause;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            return new LevadaException(
                    error.code(),
                    "there is no TLS with " + servers + ": " + root.getMessage() + "; see what is trusted"
                            + " (ssl.truststore.location), that the brokers' certificate has their host's name, and whether"
                            + " they want one (ssl.keystore.location)",
                    cause);
        } else if (cause instanceof AuthenticationException) {
            return new LevadaException(
                    error.code(),
                    "the brokers at " + servers + " do not let it in: " + cause.getMessage()
                            + "; see sasl.mechanism, and the user and password in sasl.jaas.config",
                    cause);
        }
        return error;
    }

    private ClusterPartition open(TopicPartition id, ClusterOffsets.Bounds bounds) {
        TailFetcher fetcher = tails.get(Math.floorMod(id.hashCode(), tails.size()));
        return new ClusterPartition(id, bounds, fetcher, stored, blocks, peeks, offsets, ends, delivery);
    }

    @Override
    public Topics topics() {
        return topicAdmin;
    }

    @Override
    public Groups groups() {
        return groups.admin();
    }

    /** Numbers that only this engine's own producers give: who publishes through it does so without. */
    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        return name == null
                ? Mono.just(ProducerId.NONE)
                : Mono.error(new LevadaException(
                        ErrorCode.UNSUPPORTED_VERSION,
                        "on a cluster, a stream cannot fence others under a producer's name; publish without one"));
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        ClusterWriter writer = new ClusterWriter(topic, config, publisher, sink, writers::remove);
        writers.add(writer);
        if (closing.get()) {
            writer.refuse(goingAway());
            return writer;
        }
        topics.find(topic).whenComplete((found, error) -> {
            if (error == null) {
                writer.open(found.partitions().size());
            } else {
                writer.refuse(KafkaErrors.of(error));
            }
        });
        return writer;
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        ClusterWriter writer = new ClusterWriter(topic, config, publisher, sink, writers::remove);
        writer.refuse(new LevadaException(
                ErrorCode.UNSUPPORTED_VERSION,
                "on a cluster, records cannot be held to an expected offset; publish without one"));
        return writer;
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        return reads.open(spec, sink, () -> topics.find(spec.topic())
                .thenCompose(topic -> positions.fresh(topic, spec.partition())));
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        return groups.join(spec, sink);
    }

    @Override
    public ReadTotals readTotals() {
        return delivery.totals();
    }

    /** The topics in use here; what they hold and how it is made durable is the brokers' to tell. */
    @Override
    public EngineTotals totals() {
        return new EngineTotals(topics.count(), topics.partitionCount(), 0, 0, 0, groups.rebalances());
    }

    @Override
    public EngineHealth health() {
        LevadaException unreachable = topics.unreachable();
        return unreachable == null ? EngineHealth.SOUND : new EngineHealth(unreachable.code(), List.of(), 0, true, 0);
    }

    /** Lets writers' batches be acknowledged, members leave, ends everything open, and all clients and threads. */
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
        env.scheduler().await(closed.copy().orTimeout(2 * CLOSE_SECONDS, TimeUnit.SECONDS));
    }

    private void beginShutdown() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        List<CompletableFuture<Void>> written = new ArrayList<>();
        writers.forEach(writer -> written.add(writer.end(goingAway())));
        CompletionStage<Void> quiet = CompletableFuture.allOf(written.toArray(CompletableFuture[]::new))
                .orTimeout(CLOSE_SECONDS, TimeUnit.SECONDS);
        quiet = whateverCameOf("writers", quiet).thenCompose(done -> groups.close());
        quiet = whateverCameOf("groups", quiet).thenCompose(done -> publisher.close(CLIENT_CLOSE));
        whateverCameOf("producers", quiet)
                .whenComplete((done, error) -> new Thread(this::release, "levada-close").start());
    }

    private static CompletionStage<Void> whateverCameOf(String part, CompletionStage<Void> stage) {
        return stage.exceptionally(error -> {
            LOG.error("the {} did not end well", part, error);
            return null;
        });
    }

    /** Ends what fetches and what delivers, from a thread that is none of theirs. */
    private void release() {
        try {
            topics.close();
            tails.forEach(TailFetcher::close);
            stored.close();
            blocks.close();
            peeks.close();
            delivery.close().toCompletableFuture().join();
            admin.close(CLIENT_CLOSE);
            env.scheduler().close();
            closed.complete(null);
        } catch (RuntimeException e) {
            closed.completeExceptionally(KafkaErrors.of(e));
        }
    }

    private static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the log is closing; go on when it is open again");
    }
}
