package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.delivery.Delivery;
import io.levada.delivery.Reads;
import io.levada.env.Loop;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.groups.CommitOffset;
import io.levada.groups.Decision;
import io.levada.groups.Effect;
import io.levada.groups.GroupConfig;
import io.levada.groups.GroupCoordinator;
import io.levada.groups.GroupEvent;
import io.levada.groups.Joining;
import io.levada.groups.TopicShape;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the group coordinator: one command at a time on a loop of its own. What a command decides is replayed at once, so that the
 * next command sees it, and written; answers and effects wait until it is durable, in order, refusals and descriptions too,
 * so that nobody ever hears of what a power cut could take back.
 *
 * <p>When a write fails, everything that waits fails with it, and so do commands for a while; then the state is built again
 * from what is durable, members whose sessions are gone count as disconnected, and what sessions had said that
 * was not written is said again for them.
 */
final class GroupRuntime implements GroupService {
    private static final Logger LOG = LoggerFactory.getLogger(GroupRuntime.class);

    /** How long after a failed write, or a failed look at what is durable, the next try comes. */
    private static final Duration RETRY = Duration.ofSeconds(1);

    private enum Phase {
        /** What was written is being read; commands wait. */
        LOADING,
        SERVING,
        /** Commands fail until the next try. */
        BROKEN,
        CLOSED
    }

    private final GroupHost host;
    private final GroupConfig config;
    private final Supplier<GroupLog> openLog;
    private final Loop loop;
    private final Loop diskLoop;
    private final GroupTimers timers;
    private final StallWatch stalls;
    private final GroupAdmin admin;

    private final LongAdder rebalances = new LongAdder();

    // Confined to the loop.
    private final Map<String, OpenTopic> topics = new TreeMap<>();
    private final Map<String, MemberSession> sessions = new HashMap<>();
    private final ArrayDeque<Consumer<@Nullable LevadaException>> waiting = new ArrayDeque<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private Phase phase = Phase.LOADING;
    private LevadaException unavailable = goingAway();
    private boolean closing;
    private @Nullable GroupLog log;
    private GroupCoordinator coordinator;
    private @Nullable GroupWriter writer;

    /**
     * Starts to load what was written; commands wait until that is done.
     *
     * @param served the topics that there are already, internal ones too
     */
    GroupRuntime(GroupHost host, GroupConfig config, Collection<OpenTopic> served) {
        this(
                host,
                config,
                served,
                () -> new GroupTopic(
                        host.internalTopic(GroupTopic.NAME, 1)
                                .partitions()
                                .get(0)
                                .log(),
                        host.env().clock()));
    }

    /**
     * The same over another log.
     *
     * @param openLog opens the log of events; may block on the disk
     */
    GroupRuntime(GroupHost host, GroupConfig config, Collection<OpenTopic> served, Supplier<GroupLog> openLog) {
        this.host = host;
        this.config = config;
        this.openLog = openLog;
        this.loop = host.env().scheduler().newLoop("groups");
        this.diskLoop = host.env().scheduler().newLoop("groups-disk");
        this.coordinator = new GroupCoordinator(config);
        this.timers = new GroupTimers(loop, this::tick);
        this.stalls = new StallWatch(loop, host.env().clock(), this::known, this::removeMember);
        this.admin = new GroupAdmin(this, diskLoop, host.env().clock());
        served.forEach(topic -> topics.put(topic.topic().name(), topic));
        loop.execute(this::load);
    }

    Delivery delivery() {
        return host.delivery();
    }

    @Override
    public Groups admin() {
        return admin;
    }

    @Override
    public long rebalances() {
        return rebalances.sum();
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        StallWatch.check(spec);
        JoinSpec.Rejoin back = spec.rejoin();
        if (back != null) {
            MemberSession session = new MemberSession(this, spec, back.member(), sink);
            if (!execute(() -> rejoin(session, back.secret()))) {
                session.failed(goingAway());
            }
            return session;
        }
        String name = name(spec);
        String suffix = String.format("%08x", (int) host.env().randomness().nextLong());
        MemberSession session = new MemberSession(this, spec, name + "-" + suffix, sink);
        if (!execute(() -> join(session, name))) {
            session.failed(goingAway());
        }
        return session;
    }

    private static String name(JoinSpec spec) {
        if (spec.memberName() != null) {
            return spec.memberName();
        }
        return spec.instanceId() == null ? "member" : spec.instanceId();
    }

    private void join(MemberSession session, String name) {
        if (!TopicSpec.isName(name)) {
            session.failed(new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "'" + name + "' cannot be a member's name; use 1 to 200 of A-Z a-z 0-9 . _ -"));
            return;
        }
        sessions.put(session.member(), session);
        stalls.begin(session);
        JoinSpec spec = session.spec();
        long secret = Math.max(1, host.env().randomness().nextLong() & Long.MAX_VALUE);
        Joining joining = new Joining(session.member(), secret, spec.instanceId(), spec.topics(), spec.from());
        run(now -> coordinator.join(spec.group(), joining, now), () -> {}, error -> drop(session, error));
    }

    /** The session of before, if its end has not been noticed, ends once it is sure that this is the same member. */
    private void rejoin(MemberSession session, long secret) {
        run(
                now -> {
                    Decision decision = coordinator.rejoin(session.group(), session.member(), secret, now);
                    MemberSession former = sessions.put(session.member(), session);
                    if (former != null) {
                        former.failed(new LevadaException(
                                ErrorCode.FENCED_MEMBER_EPOCH,
                                "member '" + session.member() + "' is there on another connection now"));
                    }
                    stalls.begin(session);
                    return decision;
                },
                () -> {},
                error -> drop(session, error));
    }

    /** Ends a session from here, and its membership. */
    private void removeMember(MemberSession session, LevadaException error) {
        LOG.info("{} leaves: {}", session.member(), error.line());
        drop(session, error);
        run(
                now -> coordinator.leave(session.group(), session.member(), now),
                () -> {},
                refused -> LOG.debug("{} is no member: {}", session.member(), refused.line()));
    }

    /** Ends a session from here; its member, if there is one, leaves. */
    private void drop(MemberSession session, LevadaException error) {
        sessions.remove(session.member(), session);
        session.failed(error);
    }

    private boolean known(MemberSession session) {
        return sessions.get(session.member()) == session;
    }

    void commit(
            MemberSession session, Map<Integer, CommitPoint> points, Runnable done, Consumer<LevadaException> failed) {
        answer(failed, () -> {
            List<CommitOffset> commits = new ArrayList<>();
            points.forEach((handle, point) -> commits.add(
                    new CommitOffset(handle, session.generation(handle), point.offset(), point.metadata())));
            run(now -> coordinator.commit(session.group(), session.member(), commits, this::durable), done, failed);
        });
    }

    private long durable(TopicPartition partition) {
        OpenTopic.OpenPartition open = open(partition);
        return open == null ? -1 : open.feed().durable();
    }

    /** A partition that is served; to be called on the loop. */
    OpenTopic.@Nullable OpenPartition open(TopicPartition partition) {
        OpenTopic topic = topics.get(partition.topic());
        return topic == null || partition.partition() >= topic.partitions().size()
                ? null
                : topic.partitions().get(partition.partition());
    }

    void revoked(MemberSession session, int handle) {
        execute(() -> {
            if (known(session)) {
                session.givenBack().add(handle);
                giveBack(session, handle);
            }
        });
    }

    private void giveBack(MemberSession session, int handle) {
        long generation = session.generation(handle);
        run(
                now -> coordinator.revoked(session.group(), session.member(), handle, generation, now),
                () -> session.givenBack().remove(handle),
                error -> {
                    if (!error.retriable()) { // else it is said again when events can be written
                        session.givenBack().remove(handle);
                    }
                });
    }

    void leave(MemberSession session) {
        execute(() -> run(
                now -> known(session)
                        ? coordinator.leave(session.group(), session.member(), now)
                        : new Decision(List.of(), List.of()),
                () -> {},
                error -> drop(session, error)));
    }

    void aborted(MemberSession session) {
        execute(() -> {
            if (sessions.remove(session.member(), session)) {
                run(
                        now -> coordinator.disconnected(session.group(), session.member(), now),
                        () -> {},
                        error -> LOG.debug("{} was no member: {}", session.member(), error.line()));
            }
        });
    }

    @Override
    public void topicServed(OpenTopic topic) {
        execute(() -> {
            topics.put(topic.topic().name(), topic);
            topicsChanged();
        });
    }

    @Override
    public void topicDeleted(String name) {
        execute(() -> {
            topics.remove(name);
            topicsChanged();
        });
    }

    private void topicsChanged() {
        if (phase == Phase.SERVING) { // else they are looked at when the state is there
            run(
                    now -> coordinator.topicsChanged(shapes(), now),
                    () -> {},
                    error -> LOG.debug("topics are looked at again: {}", error.line()));
        }
    }

    private Map<String, TopicShape> shapes() {
        Map<String, TopicShape> shapes = new HashMap<>();
        topics.values().forEach(topic -> {
            if (!TopicSpec.isInternal(topic.topic().name())) {
                shapes.put(
                        topic.topic().name(),
                        new TopicShape(topic.topic().id(), topic.partitions().size()));
            }
        });
        return shapes;
    }

    private void tick(String group) {
        run(
                now -> coordinator.tick(group, now),
                () -> {},
                error -> LOG.debug("deadlines of {} are set again: {}", group, error.line()));
    }

    /** Looks at the state, and passes on what was seen when it is durable. */
    <T> void look(Function<GroupCoordinator, T> look, Consumer<T> seen, Consumer<LevadaException> failed) {
        answer(failed, () -> {
            List<T> result = new ArrayList<>(1);
            run(
                    now -> {
                        result.add(look.apply(coordinator));
                        return new Decision(List.of(), List.of());
                    },
                    () -> seen.accept(result.get(0)),
                    failed);
        });
    }

    /** Finds the offsets, which may take a look at the disk, and moves the group there. */
    void reset(
            String group,
            String topic,
            @Nullable Integer partition,
            Position to,
            Runnable done,
            Consumer<LevadaException> failed) {
        answer(failed, () -> places(topic, partition, to)
                .whenComplete((offsets, error) -> answer(failed, () -> {
                    if (error != null) {
                        failed.accept(Reads.cause(error));
                    } else {
                        Runnable moved = () -> {
                            LOG.info("group {} goes on from {}, as was asked for", group, offsets);
                            done.run();
                        };
                        run(now -> coordinator.reset(group, offsets, now), moved, failed);
                    }
                })));
    }

    private CompletionStage<Map<TopicPartition, Long>> places(String topic, @Nullable Integer only, Position to) {
        OpenTopic open = TopicSpec.isInternal(topic) ? null : topics.get(topic);
        if (open == null) {
            return CompletableFuture.failedStage(
                    new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic '" + topic + "'"));
        }
        return host.offsetsOf(open, only, to).thenApply(offsets -> {
            Map<TopicPartition, Long> places = new TreeMap<>();
            offsets.forEach((partition, offset) -> places.put(new TopicPartition(topic, partition), offset));
            return places;
        });
    }

    void delete(String group, Runnable done, Consumer<LevadaException> failed) {
        answer(failed, () -> run(now -> coordinator.delete(group), done, failed));
    }

    /** Runs a task on the loop; false when that has ended, which is long after {@link #close}. */
    private boolean execute(Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private void answer(Consumer<LevadaException> failed, Runnable task) {
        if (!execute(task)) {
            failed.accept(goingAway());
        }
    }

    private interface Command {
        Decision decide(long nowMs);
    }

    /** Runs a command now, or when the state is there; answers when what it decided is durable. */
    private void run(Command command, Runnable done, Consumer<LevadaException> failed) {
        GroupWriter current = writer;
        if (phase == Phase.LOADING) {
            waiting.add(error -> {
                if (error == null) {
                    run(command, done, failed);
                } else {
                    failed.accept(error);
                }
            });
        } else if (phase != Phase.SERVING || current == null) {
            failed.accept(unavailable);
        } else {
            decide(current, command, done, failed);
        }
    }

    private void decide(GroupWriter current, Command command, Runnable done, Consumer<LevadaException> failed) {
        Decision decision;
        try {
            decision = command.decide(nowMs());
        } catch (RuntimeException e) {
            if (!(e instanceof LevadaException)) {
                LOG.error("a command to the groups failed", e);
            }
            current.write(List.of(), new Answer(() -> failed.accept(LevadaException.of(e)), failed));
            return;
        }
        decision.events().forEach(coordinator::replay);
        if (decision.events().stream().anyMatch(GroupEvent.Epoch.class::isInstance)) {
            rebalances.increment();
        }
        arm(decision.events());
        current.write(
                decision.events(),
                new Answer(
                        () -> {
                            done.run();
                            decision.effects().forEach(this::hold);
                            decision.effects().forEach(this::carryOut);
                        },
                        failed));
    }

    private record Answer(Runnable done, Consumer<LevadaException> otherwise) implements GroupWriter.Outcome {
        @Override
        public void durable() {
            done.run();
        }

        @Override
        public void failed(LevadaException error) {
            otherwise.accept(error);
        }
    }

    private void arm(List<GroupEvent> events) {
        Set<String> changed = new LinkedHashSet<>();
        for (GroupEvent event : events) {
            if (!(event instanceof GroupEvent.Committed)) {
                changed.add(event.group());
            }
        }
        changed.forEach(group -> timers.arm(group, coordinator.deadlineMs(group), nowMs()));
    }

    private long nowMs() {
        return Math.floorDiv(host.env().clock().nanos(), 1_000_000);
    }

    /** What a member is assigned it has before it hears of anything: one that comes back reads on as soon as it may. */
    private void hold(Effect effect) {
        MemberSession session = sessions.get(effect.member());
        if (session != null && effect instanceof Effect.Assigned assigned) {
            OpenTopic.OpenPartition open = open(assigned.partition());
            if (open != null) { // else it is lost at once, with the topic
                session.hold(assigned, open.feed());
            }
        }
    }

    private void carryOut(Effect effect) {
        MemberSession session = sessions.get(effect.member());
        if (session == null) {
            return; // its connection is gone
        }
        if (effect instanceof Effect.Joined joined) {
            session.tell(to -> to.onJoined(joined.member(), joined.secret(), joined.generation()));
        } else if (effect instanceof Effect.Rejoined rejoined) {
            session.tell(to -> to.onRejoined(rejoined.generation(), rejoined.handles()));
        } else if (effect instanceof Effect.Assigned assigned) {
            session.assigned(assigned);
        } else if (effect instanceof Effect.FindStart find) {
            findStart(session, find);
        } else if (effect instanceof Effect.Revoking revoking) {
            session.revoking(revoking.handle(), revoking.withinMs());
        } else if (effect instanceof Effect.HandedOver over) {
            session.handedOver(over.handle());
        } else if (effect instanceof Effect.Lost lost) {
            session.lost(lost.handle());
        } else if (effect instanceof Effect.Seeked seeked) {
            session.seeked(seeked.handle(), seeked.offset());
        } else if (effect instanceof Effect.Idle idle) {
            session.tell(to -> to.onIdle(idle.reason()));
        } else if (effect instanceof Effect.Left || effect instanceof Effect.Expired) {
            sessions.remove(session.member());
            session.left();
        }
    }

    private void findStart(MemberSession session, Effect.FindStart find) {
        OpenTopic topic = topics.get(find.partition().topic());
        if (topic != null && open(find.partition()) != null) {
            host.offsetOf(topic, find.partition().partition(), find.from())
                    .whenComplete((offset, error) -> execute(() -> {
                        if (error == null) {
                            started(find, offset);
                        } else {
                            startNotFound(session, find, Reads.cause(error));
                        }
                    }));
        }
    }

    private void started(Effect.FindStart find, long offset) {
        run(
                now -> coordinator.started(find.group(), find.member(), find.handle(), find.generation(), offset),
                () -> {},
                error -> LOG.debug("{} was assigned otherwise meanwhile: {}", find.partition(), error.line()));
    }

    /** A member that cannot start where it wants to is told so, and leaves, since nobody else could help it. */
    private void startNotFound(MemberSession session, Effect.FindStart find, LevadaException error) {
        if (topics.containsKey(find.partition().topic()) && known(session)) {
            removeMember(session, error);
        }
    }

    private void load() {
        phase = Phase.LOADING;
        GroupCoordinator loaded = new GroupCoordinator(config);
        GroupLog known = log;
        diskLoop.execute(() -> {
            try {
                GroupLog opened = known == null ? openLog.get() : known;
                opened.replay(loaded::replay);
                loop.execute(() -> loaded(opened, loaded));
            } catch (RuntimeException e) {
                LevadaException error = LevadaException.of(e);
                loop.execute(() -> breakDown(error));
            }
        });
    }

    private void loaded(GroupLog opened, GroupCoordinator loaded) {
        log = opened;
        coordinator = loaded;
        writer = new GroupWriter(loop, opened, this::breakDown);
        phase = Phase.SERVING;
        run(
                now -> coordinator.restored(shapes(), sessions::containsKey, now),
                () -> {},
                error -> LOG.debug("groups are not restored: {}", error.line()));
        sessions.values()
                .forEach(session -> List.copyOf(session.givenBack()).forEach(handle -> giveBack(session, handle)));
        goOn(null);
        if (closing) {
            finish();
        }
    }

    private void breakDown(LevadaException error) {
        LOG.warn("groups cannot be read or written, next try in {}: {}", RETRY, error.line());
        phase = Phase.BROKEN;
        unavailable = error;
        writer = null;
        timers.cancelAll();
        goOn(error);
        if (closing) {
            shut();
        } else {
            loop.schedule(RETRY, () -> {
                if (phase == Phase.BROKEN) {
                    load();
                }
            });
        }
    }

    private void goOn(@Nullable LevadaException error) {
        List<Consumer<@Nullable LevadaException>> commands = List.copyOf(waiting);
        waiting.clear();
        commands.forEach(command -> command.accept(error));
    }

    @Override
    public CompletionStage<Void> close() {
        execute(() -> {
            if (!closing) {
                closing = true;
                sessions.values().forEach(session -> session.failed(goingAway()));
                sessions.clear();
                if (phase == Phase.SERVING) {
                    finish();
                } else if (phase == Phase.BROKEN) {
                    shut();
                }
            }
        });
        return closed.minimalCompletionStage();
    }

    /** The last command: every membership ends with its session, so that the next start has nobody to wait for. */
    private void finish() {
        GroupWriter current = writer;
        if (current != null) {
            decide(current, now -> coordinator.allLeft(), this::shut, error -> shut());
        }
        phase = Phase.CLOSED;
    }

    private void shut() {
        phase = Phase.CLOSED;
        unavailable = goingAway();
        timers.cancelAll();
        closed.complete(null);
    }

    private static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the log is closing; join again when it is open again");
    }
}
