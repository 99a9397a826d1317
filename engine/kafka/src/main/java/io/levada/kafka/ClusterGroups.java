package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPattern;
import io.levada.TopicSpec;
import io.levada.delivery.Delivery;
import io.levada.env.Env;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The members of groups that are here, and the groups of the cluster. Safe for any thread; nothing here blocks. */
final class ClusterGroups {
    private final Admin kafka;
    private final ClusterClients clients;
    private final ClusterConfig config;
    private final ClusterPositions positions;
    private final ClusterTopics topics;
    private final ClusterOffsets offsets;
    private final Delivery delivery;
    private final ClusterGroupAdmin admin;
    private final SecureRandom secrets = new SecureRandom();
    private final Set<ClusterMember> members = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicInteger names = new AtomicInteger();
    private final LongAdder rebalances = new LongAdder();
    private volatile boolean closed;

    ClusterGroups(
            Admin kafka,
            ClusterClients clients,
            ClusterConfig config,
            ClusterPositions positions,
            Delivery delivery,
            Env env) {
        this.kafka = kafka;
        this.clients = clients;
        this.config = config;
        this.positions = positions;
        this.topics = positions.topics();
        this.offsets = positions.offsets();
        this.delivery = delivery;
        this.admin = new ClusterGroupAdmin(kafka, positions, env.clock());
    }

    Groups admin() {
        return admin;
    }

    long rebalances() {
        return rebalances.sum();
    }

    GroupSession join(JoinSpec spec, MemberSink sink) {
        ClusterSession session = new ClusterSession(spec, sink, delivery);
        JoinSpec.Rejoin back = spec.rejoin();
        if (back != null) {
            members.stream()
                    .filter(member -> member.is(spec.group(), back.member()))
                    .findFirst()
                    .ifPresentOrElse(
                            member -> member.adopt(session, back.secret()),
                            () -> session.failed(MemberHost.unknownMember(spec.group())));
            return session;
        }
        try {
            check(spec);
            enter();
        } catch (LevadaException e) {
            session.failed(e);
            return session;
        }
        find(spec).whenComplete((found, error) -> {
            if (error == null) {
                begin(session, found);
            } else {
                count.decrementAndGet();
                session.failed(KafkaErrors.of(error));
            }
        });
        return session;
    }

    private static void check(JoinSpec spec) {
        Groups.checkName(spec.group());
        for (String topic : spec.topics()) {
            if (TopicPattern.isPattern(topic) && !TopicPattern.isValid(topic)) {
                throw new LevadaException(
                        ErrorCode.INVALID_TOPIC_EXCEPTION,
                        "'" + topic + "' is a pattern that no topic's name can match");
            }
        }
        if (spec.topics().isEmpty()) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "a member subscribes to one topic at least");
        }
    }

    private void enter() {
        if (closed) {
            throw goingAway();
        }
        if (count.incrementAndGet() > config.members()) {
            count.decrementAndGet();
            throw new LevadaException(
                    ErrorCode.GROUP_MAX_SIZE_REACHED,
                    "this gateway has " + config.members()
                            + " members of groups already, each a client of the cluster; join at another one");
        }
    }

    private CompletionStage<List<ClusterTopic>> find(JoinSpec spec) {
        CompletionStage<List<ClusterTopic>> all = CompletableFuture.completedStage(new ArrayList<>());
        for (String name : spec.topics()) {
            if (!TopicPattern.isPattern(name)) {
                all = all.thenCombine(topics.load(name), (found, topic) -> {
                    found.add(topic);
                    return found;
                });
            }
        }
        return all;
    }

    private void begin(ClusterSession session, List<ClusterTopic> found) {
        JoinSpec spec = session.spec();
        String asked = spec.memberName();
        String name = (asked == null ? "levada-member" : asked) + "-" + names.incrementAndGet();
        ClusterMember member;
        try {
            member = new ClusterMember(
                    new Host(),
                    session,
                    found,
                    clients.member(spec.group(), name, spec.instanceId()),
                    secrets.nextLong(),
                    this::ended);
        } catch (RuntimeException e) {
            count.decrementAndGet();
            session.failed(KafkaErrors.of(e));
            return;
        }
        members.add(member);
        session.begin(member);
        member.begin();
        if (closed) {
            member.end(goingAway());
        }
    }

    private void ended(ClusterMember member) {
        members.remove(member);
        count.decrementAndGet();
    }

    /** Ends all members with {@link ErrorCode#GOING_AWAY}; complete when they have left. */
    CompletionStage<Void> close() {
        closed = true;
        return CompletableFuture.allOf(members.stream()
                .map(member -> member.end(goingAway()).toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    private static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the log is closing; join again when it is open again");
    }

    /** What members see of the engine. */
    private final class Host implements MemberHost {
        @Override
        public ClusterConfig config() {
            return config;
        }

        @Override
        public Set<String> topicNames(JoinSpec spec) {
            if (spec.topics().stream().noneMatch(TopicPattern::isPattern)) {
                return Set.of();
            }
            return ClusterOffsets.await(KafkaErrors.answer(kafka.listTopics().names())).stream()
                    .filter(name -> !TopicSpec.isInternal(name))
                    .collect(Collectors.toSet());
        }

        @Override
        public Map<TopicPartition, ClusterPartition> open(Collection<TopicPartition> partitions) {
            Map<TopicPartition, ClusterPartition> open = new HashMap<>();
            for (String name :
                    partitions.stream().map(TopicPartition::topic).distinct().toList()) {
                ClusterTopic topic = loaded(name);
                if (topic != null) {
                    partitions.stream()
                            .filter(id -> id.topic().equals(name)
                                    && id.partition() < topic.partitions().size())
                            .forEach(id -> open.put(id, topic.partitions().get(id.partition())));
                }
            }
            ClusterOffsets.await(offsets.refresh(open.values()).toCompletableFuture());
            return open;
        }

        private @Nullable ClusterTopic loaded(String name) {
            try {
                return ClusterOffsets.await(topics.load(name).toCompletableFuture());
            } catch (LevadaException e) {
                if (e.code() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
                    return null;
                }
                throw e;
            }
        }

        @Override
        public long startOf(ClusterPartition partition, Position from) {
            TopicPartition id = partition.id();
            ClusterTopic topic = topics.known(id.topic());
            if (topic == null) {
                throw ClusterTopics.unknown(id.topic());
            }
            return ClusterOffsets.await(
                    positions.meaning().offsetOf(topic, id.partition(), from).toCompletableFuture());
        }

        @Override
        public void rebalanced() {
            rebalances.increment();
        }
    }
}
