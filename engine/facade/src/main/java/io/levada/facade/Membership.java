package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.TopicPartition;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * One member of a group: what it owns, what it commits and when, and how partitions go.
 *
 * <p>Commits go out one at a time: every second while there is something new, sooner after 1,000 acknowledgements but at
 * most ten times a second, and before a partition or the whole membership goes. A partition that is revoked is stopped at once; once everything delivered is
 * acknowledged, or the time for it is nearly over, what is acknowledged is committed and the partition handed over.
 *
 * <p>All state is confined to one {@link Serial}; whatever happens ends in {@link #proceed}, which does what is due.
 */
final class Membership implements MemberSink {
    static final int COMMIT_ACKS = 1_000;
    static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);
    /** From one commit to the next, however much is acknowledged meanwhile: each costs the server a force. */
    static final Duration COMMIT_PAUSE = Duration.ofMillis(100);

    static final Duration COMMIT_RETRY = Duration.ofMillis(200);

    /** How long the last commit and the goodbye may take, each, before the membership is dropped. */
    static final Duration LEAVE_LIMIT = Duration.ofSeconds(5);

    private final JoinSpec spec;
    private final MemberView view;
    private final MemberEvents events;
    private final Scheduler timers;
    private final Serial serial = new Serial(this::fail);
    private final Sinks.Empty<Void> left = Sinks.empty();
    private final AtomicInteger acks = new AtomicInteger();
    private volatile @Nullable GroupSession session;

    // Used within the serial alone.
    private final Map<Integer, Ownership> owned = new LinkedHashMap<>();
    private final Disposable.Composite leaveTimers = Disposables.composite();
    private @Nullable Disposable tick;
    private final Deque<Explicit> explicit = new ArrayDeque<>();
    private boolean commitDue;
    private long commitWasDueMs = -COMMIT_PAUSE.toMillis();
    private boolean committing;
    private boolean pausing;
    private boolean oneByOne;
    private boolean leaving;
    private boolean goodbye;
    private boolean over;

    /** A commit that the user asked for. */
    private record Explicit(Ownership of, CommitPoint point, MonoSink<Void> answer) {}

    Membership(
            String group,
            List<String> topics,
            MemberOptions member,
            LevadaOptions options,
            Scheduler timers,
            MemberView view) {
        this.spec = new JoinSpec(group, topics, member.memberName(), member.from())
                .withInstanceId(member.instanceId())
                .withMaxStall(member.maxStall())
                .withFilter(member.filter());
        this.events = new MemberEvents(options.callbacks(), member.onEvent());
        this.timers = timers;
        this.view = view;
    }

    /** Joins; nothing is told to the view, and nothing done, before {@link #begin}. */
    void join(Engine engine) {
        session = engine.join(spec, this);
    }

    /** Called once, after {@link #join} or its failure. */
    void begin() {
        if (session == null) {
            over = true;
            left.tryEmitEmpty();
        }
        serial.begin();
    }

    /** Completes when the membership is over, however it ended. */
    Mono<Void> left() {
        return left.asMono();
    }

    /** A reader of its own for partitions of this member; fails where it has not joined. */
    GroupSession.AssignedReader read(BatchSink sink) {
        return joined().read(sink);
    }

    /**
     * Stops all partitions, waits for what was delivered to be acknowledged, commits, and leaves.
     *
     * @param patience how long to wait for acknowledgements
     */
    Mono<Void> leave(Duration patience) {
        serial.execute(() -> startLeaving(patience));
        return left();
    }

    /** Takes note that a delivery of a partition was acknowledged. Any thread. */
    void acked(AckTracker.Outcome outcome) {
        if (outcome == AckTracker.Outcome.REPEATED) {
            return;
        }
        int count = acks.incrementAndGet();
        if (count == 1) {
            serial.execute(this::startTick);
        } else if (count == COMMIT_ACKS) {
            serial.execute(this::hurryTick);
        }
        settled(outcome);
    }

    /** Looks what is to be done if nothing is missing of a partition that goes. Any thread. */
    void settled(AckTracker.Outcome outcome) {
        if (outcome == AckTracker.Outcome.DRAINED) {
            serial.execute(this::proceed);
        }
    }

    /** Commits what the user says, after what is being committed. */
    Mono<Void> commit(Ownership of, CommitPoint point) {
        return Mono.create(answer -> serial.execute(() -> {
            if (over) {
                answer.error(gone(of));
            } else {
                explicit.add(new Explicit(of, point, answer));
                proceed();
            }
        }));
    }

    @Override
    public void onJoined(String member, long secret, long generation) {
        events.tell(new MemberEvent.Joined(member, generation));
    }

    @Override
    public void onIdle(String reason) {
        events.tell(new MemberEvent.Idle(reason));
    }

    @Override
    public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        serial.execute(() -> {
            if (!over && !leaving) {
                Ownership assigned = new Ownership(handle, partition, generation, start);
                owned.put(handle, assigned);
                view.assigned(assigned);
            }
        });
    }

    @Override
    public void onRevoking(int handle, long withinMs) {
        serial.execute(() -> {
            Ownership going = owned.get(handle);
            if (!over && going == null) {
                joined().revoked(handle); // assigned while leaving: nothing of it was ever delivered
            } else if (going != null && !going.revoking) {
                going.revoking = true;
                stop(going);
                events.tell(new MemberEvent.Revoking(going.partition, timers.now(TimeUnit.MILLISECONDS) + withinMs));
                long margin = Math.min(1_000, withinMs / 4);
                going.deadline = timers.schedule(
                        () -> serial.execute(() -> overdue(going)), withinMs - margin, TimeUnit.MILLISECONDS);
                proceed();
            }
        });
    }

    @Override
    public void onLost(int handle) {
        serial.execute(() -> {
            Ownership gone = owned.remove(handle);
            if (gone != null) {
                events.tell(new MemberEvent.Lost(gone.partition));
                LevadaException why = new LevadaException(
                        ErrorCode.FENCED_MEMBER_EPOCH,
                        gone.partition + " was taken from this member of " + spec.group()
                                + "; what it had not committed goes to another");
                dropped(gone, why);
            }
        });
    }

    @Override
    public void onSeeked(int handle, long offset) {
        serial.execute(() -> {
            Ownership gone = owned.remove(handle);
            if (gone != null) {
                events.tell(new MemberEvent.Seeked(gone.partition, offset));
                dropped(gone, null);
            }
        });
    }

    private void dropped(Ownership gone, @Nullable LevadaException why) {
        gone.cancelDeadline();
        stop(gone);
        view.released(gone, why);
        proceed();
    }

    @Override
    public void onLeft() {
        serial.execute(() -> finish(null));
    }

    @Override
    public void onError(Throwable error) {
        serial.execute(() -> finish(error));
    }

    private void stop(Ownership going) {
        going.tracker.stop();
        view.stopped(going);
    }

    private void overdue(Ownership going) {
        going.overdue = true;
        proceed();
    }

    private void startTick() {
        if (tick == null && !over) {
            tick = tick(COMMIT_INTERVAL.toMillis());
        }
    }

    private Disposable tick(long ms) {
        return timers.schedule(() -> serial.execute(this::commitIsDue), ms, TimeUnit.MILLISECONDS);
    }

    /** Much was acknowledged: does not wait out the second. */
    private void hurryTick() {
        long early = commitWasDueMs + COMMIT_PAUSE.toMillis() - timers.now(TimeUnit.MILLISECONDS);
        if (early <= 0) {
            commitIsDue();
        } else if (tick != null && !over) {
            tick.dispose();
            tick = tick(Math.min(early, COMMIT_PAUSE.toMillis()));
        }
    }

    private void commitIsDue() {
        stopTick();
        commitWasDueMs = timers.now(TimeUnit.MILLISECONDS);
        commitDue = true;
        proceed();
    }

    /**
     * From here on the next acknowledgement starts a tick of its own. So this comes before what is committed is looked
     * up, and a commit of some of the partitions leaves alone the tick that the others wait for.
     */
    private void stopTick() {
        if (tick != null) {
            tick.dispose();
            tick = null;
        }
        acks.set(0);
    }

    private void startLeaving(Duration patience) {
        if (over) {
            return;
        }
        if (!leaving) {
            leaving = true;
            List.copyOf(owned.values()).forEach(this::stop);
            long limitMs = patience.plus(LEAVE_LIMIT).toMillis();
            leaveTimer(limitMs, this::sayGoodbye);
        }
        if (patience.isZero()) {
            owned.values().forEach(going -> going.overdue = true);
        } else {
            leaveTimer(patience.toMillis(), () -> startLeaving(Duration.ZERO));
        }
        proceed();
    }

    private void leaveTimer(long ms, Runnable task) {
        leaveTimers.add(timers.schedule(() -> serial.execute(task), ms, TimeUnit.MILLISECONDS));
    }

    /** Does what is due and possible; called after every change. */
    private void proceed() {
        if (over || goodbye || committing) {
            return; // the answer to a commit leads here again
        }
        Explicit asked = explicit.poll();
        if (asked != null) {
            commit(asked);
            return;
        }
        boolean settled = owned.values().stream().allMatch(Ownership::isSettled);
        Map<Integer, CommitPoint> news = new HashMap<>();
        for (Ownership each : owned.values()) {
            boolean due = commitDue || (leaving && settled) || (each.revoking && each.isSettled());
            if (due && each.hasNews() && !(oneByOne && !news.isEmpty())) {
                news.put(each.handle, CommitPoint.at(each.tracker.position()));
            }
        }
        if (!news.isEmpty() && !pausing) {
            commit(news);
            return;
        }
        if (news.isEmpty()) {
            commitDue = false;
            oneByOne = false;
        }
        for (Ownership each : new ArrayList<>(owned.values())) {
            if (each.revoking && each.isSettled() && (each.overdue || !each.hasNews())) {
                handOver(each);
            }
        }
        if (leaving && settled && news.isEmpty()) {
            sayGoodbye();
        }
    }

    private void commit(Map<Integer, CommitPoint> news) {
        committing = true;
        if (!oneByOne) {
            commitDue = false;
        }
        joined().commit(news)
                .subscribe(
                        nothing -> {},
                        error -> serial.execute(() -> refused(news, LevadaException.of(error))),
                        () -> serial.execute(() -> committed(news)));
    }

    /** Of an explicit commit that is refused the user hears, and tries again or not. */
    private void commit(Explicit asked) {
        if (owned.get(asked.of().handle) != asked.of()) {
            asked.answer().error(gone(asked.of()));
            proceed();
            return;
        }
        committing = true;
        Map<Integer, CommitPoint> points = Map.of(asked.of().handle, asked.point());
        joined().commit(points)
                .subscribe(
                        nothing -> {},
                        error -> serial.execute(() -> {
                            committing = false;
                            asked.answer().error(error);
                            proceed();
                        }),
                        () -> serial.execute(() -> {
                            asked.answer().success();
                            committed(points);
                        }));
    }

    private LevadaException gone(Ownership lost) {
        return new LevadaException(
                ErrorCode.FENCED_MEMBER_EPOCH,
                lost.partition + " is owned by this member of " + spec.group() + " no longer");
    }

    private void committed(Map<Integer, CommitPoint> news) {
        committing = false;
        news.forEach((handle, position) -> {
            Ownership each = owned.get(handle);
            if (each != null) {
                each.committed = position.offset();
            }
        });
        proceed();
    }

    /** Tries again what may succeed later; else finds out which partition it was, and leaves that one alone. */
    private void refused(Map<Integer, CommitPoint> news, LevadaException error) {
        committing = false;
        commitDue = true;
        if (error.retriable()) {
            pausing = true;
            timers.schedule(
                    () -> serial.execute(() -> {
                        pausing = false;
                        proceed();
                    }),
                    COMMIT_RETRY.toMillis(),
                    TimeUnit.MILLISECONDS);
        } else if (news.size() > 1) {
            oneByOne = true;
        } else {
            news.keySet().forEach(handle -> {
                Ownership each = owned.get(handle);
                if (each != null) {
                    each.refused = true;
                }
            });
        }
        proceed();
    }

    private void handOver(Ownership going) {
        owned.remove(going.handle);
        going.cancelDeadline();
        joined().revoked(going.handle);
        events.tell(new MemberEvent.Revoked(going.partition));
        view.released(going, null);
    }

    private void sayGoodbye() {
        if (over || goodbye) {
            return;
        }
        goodbye = true;
        joined().leave();
        leaveTimer(LEAVE_LIMIT.toMillis(), () -> {
            if (!over) {
                joined().abort();
                finish(null);
            }
        });
    }

    /** A failure of our own or of the engine where it should not fail. */
    private void fail(Throwable error) {
        if (!over) {
            GroupSession current = session;
            if (current != null) {
                current.abort();
            }
            finish(error);
        }
    }

    private void finish(@Nullable Throwable error) {
        if (over) {
            return;
        }
        over = true;
        stopTick();
        leaveTimers.dispose();
        for (Ownership each : owned.values()) {
            each.cancelDeadline();
            each.tracker.stop();
            if (error == null) {
                events.tell(new MemberEvent.Revoked(each.partition));
            } else {
                events.tell(new MemberEvent.Lost(each.partition));
            }
        }
        owned.clear();
        explicit.forEach(asked -> asked.answer().error(gone(asked.of())));
        explicit.clear();
        view.ended(error);
        left.tryEmitEmpty();
    }

    private GroupSession joined() {
        GroupSession current = session;
        if (current == null) {
            throw new IllegalStateException("not joined yet");
        }
        return current;
    }
}
