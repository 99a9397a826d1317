package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.facade.CommitPoint;
import io.levada.facade.Engine;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The member of a group on behalf of claims: what it owns, how that goes, and the commits of what is acknowledged, at once.
 *
 * <p>It stands on the engine's own membership, not on the facade's: so one credit, in records and bytes, serves whichever
 * partition has something; the acknowledgements of all claims that come while a commit is being written go with the next,
 * in one write; and a partition that goes does so as soon as no claim has anything of it.
 *
 * <p>All state is confined to the executor; what engines call hands over to it.
 */
final class ClaimMember implements MemberSink {
    /** How long the last commit and the goodbye may take, each. */
    static final Duration LEAVE_LIMIT = Duration.ofSeconds(5);

    static final Duration COMMIT_RETRY = Duration.ofMillis(200);

    /** What a member tells those for whom it reads. */
    interface Claimants {
        /** Records have come, or may be claimed now that could not before. */
        void arrived();

        /** All that could be read now has come. */
        void dry();

        /** A partition has gone, with what claims had of it. */
        void gone(HeldPartition partition);

        /** Something that whoever claims is to know once. */
        void notice(LevadaException what);

        /** The membership is over, and all its partitions have gone. */
        void ended(@Nullable Throwable why);
    }

    /** What was acknowledged together, until that is durable. */
    static final class Acking {
        private final Map<HeldPartition, Long> targets = new HashMap<>();

        /** Told how it ended, and before that of every try to write it that failed. */
        private final Consumer<@Nullable LevadaException> answer;

        private Acking(Collection<HeldPartition> partitions, Consumer<@Nullable LevadaException> answer) {
            partitions.forEach(each -> targets.put(each, each.position()));
            this.answer = answer;
        }

        private boolean isDurable() {
            return targets.entrySet().stream().allMatch(each -> each.getKey().committed >= each.getValue());
        }
    }

    private final Consumer<Runnable> executor;
    private final Deadlines deadlines;
    private final ClaimReader reader;
    private final Claimants claimants;
    private final Map<Integer, HeldPartition> partitions = new LinkedHashMap<>();
    private final List<Acking> acking = new ArrayList<>();
    private @Nullable GroupSession session;
    private boolean committing;
    private boolean pausing;
    private boolean oneByOne;
    private boolean leaving;
    private boolean goodbye;
    private boolean over;

    ClaimMember(Consumer<Runnable> executor, Deadlines deadlines, ClaimTotals totals, Claimants claimants) {
        this.executor = executor;
        this.deadlines = deadlines;
        this.claimants = claimants;
        this.reader = new ClaimReader(executor, deadlines, totals, partitions, claimants, this::abort);
    }

    void join(Engine engine, String group, List<String> topics) {
        try {
            GroupSession joined = engine.join(new JoinSpec(group, topics, "http", Position.committed()), this);
            session = joined;
            reader.open(joined);
        } catch (RuntimeException e) {
            end(e);
        }
    }

    ClaimReader reader() {
        return reader;
    }

    Collection<HeldPartition> partitions() {
        return partitions.values();
    }

    boolean owns(HeldPartition partition) {
        return partitions.get(partition.handle) == partition;
    }

    /** Why nothing more comes of one of the partitions, or null. */
    @Nullable
    LevadaException damage() {
        return partitions.values().stream()
                .map(each -> each.damage)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /**
     * Waits until what of these partitions is acknowledged now is durable, as far as nothing before it is missing.
     *
     * @param answer told null then; or an error that {@link LevadaException#retriable may pass}, any number of times, before
     *     that; or that a partition has gone
     */
    void whenDurable(Collection<HeldPartition> of, Consumer<@Nullable LevadaException> answer) {
        acking.add(new Acking(of, answer));
        proceed();
    }

    /** Tells those who wait for what is durable, or can be no longer. */
    private void answerAcks() {
        for (Acking each : List.copyOf(acking)) {
            boolean durable = each.isDurable();
            if (durable || each.targets.keySet().stream().anyMatch(of -> !owns(of) || of.refused)) {
                acking.remove(each);
                each.answer.accept(durable ? null : gone());
            }
        }
    }

    private static LevadaException gone() {
        return new LevadaException(ErrorCode.STALE_MEMBER_EPOCH, "a partition has gone to another member");
    }

    /** Does what is due and possible; called after every change but records that come. */
    void proceed() {
        reader.account();
        if (over || goodbye || committing) {
            return; // the answer to a commit leads here again
        }
        Map<Integer, CommitPoint> news = new HashMap<>();
        for (HeldPartition each : partitions.values()) {
            if (each.hasNews() && !(oneByOne && !news.isEmpty())) {
                news.put(each.handle, CommitPoint.at(each.position()));
            }
        }
        if (!news.isEmpty() && !pausing) {
            commit(news);
            return;
        }
        oneByOne &= !news.isEmpty();
        answerAcks();
        for (HeldPartition each : List.copyOf(partitions.values())) {
            if (each.revoking && (each.overdue || (each.isSettled() && !each.hasNews()))) {
                handOver(each);
            }
        }
        if (leaving && news.isEmpty()) {
            sayGoodbye();
        }
    }

    private void commit(Map<Integer, CommitPoint> news) {
        committing = true;
        joined().commit(news)
                .subscribe(
                        nothing -> {},
                        error -> executor.accept(() -> refused(news, LevadaException.of(error))),
                        () -> executor.accept(() -> committed(news)));
    }

    private void committed(Map<Integer, CommitPoint> news) {
        committing = false;
        news.forEach((handle, point) -> {
            HeldPartition each = partitions.get(handle);
            if (each != null) {
                each.committed = point.offset();
            }
        });
        answerAcks();
        proceed();
    }

    /** Tries again what may succeed later; else finds out which partition it was. */
    private void refused(Map<Integer, CommitPoint> news, LevadaException error) {
        committing = false;
        if (over) {
            return;
        }
        if (error.retriable()) {
            pausing = true;
            deadlines.in(COMMIT_RETRY, () -> {
                pausing = false;
                proceed();
            });
            List.copyOf(acking).forEach(each -> each.answer.accept(error));
        } else if (news.size() > 1) {
            oneByOne = true;
        } else {
            news.keySet().forEach(handle -> {
                HeldPartition each = partitions.get(handle);
                if (each != null) {
                    each.refused = true;
                }
            });
        }
        proceed();
    }

    private void handOver(HeldPartition going) {
        partitions.remove(going.handle);
        joined().revoked(going.handle);
        dropped(going);
    }

    private void dropped(HeldPartition going) {
        reader.account();
        answerAcks();
        claimants.gone(going);
    }

    /** Commits what is acknowledged, gives everything back, and leaves. */
    void leave() {
        if (over || leaving) {
            return;
        }
        leaving = true;
        partitions.values().forEach(HeldPartition::stop);
        deadlines.in(LEAVE_LIMIT, this::sayGoodbye);
        proceed();
    }

    private void sayGoodbye() {
        if (over || goodbye) {
            return;
        }
        goodbye = true;
        joined().leave();
        deadlines.in(LEAVE_LIMIT, () -> {
            if (!over) {
                joined().abort();
                end(null);
            }
        });
    }

    /** Ends it from here, at once; partitions wait for nobody but the grace period. */
    void abort(Throwable why) {
        GroupSession current = session;
        if (!over && current != null) {
            current.abort();
        }
        end(why);
    }

    private void end(@Nullable Throwable why) {
        if (over) {
            return;
        }
        over = true;
        partitions.clear();
        reader.close();
        answerAcks();
        claimants.ended(why);
    }

    private GroupSession joined() {
        GroupSession current = session;
        if (current == null) {
            throw new IllegalStateException("not joined");
        }
        return current;
    }

    @Override
    public void onJoined(String member, long secret, long generation) {
        // What it owns follows.
    }

    @Override
    public void onIdle(String reason) {
        executor.accept(reader::assignmentsChanged);
    }

    @Override
    public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        executor.accept(() -> {
            if (!over && !leaving) {
                reader.assignmentsChanged();
                HeldPartition assigned = new HeldPartition(handle, partition, start);
                partitions.put(handle, assigned);
                claimants.arrived();
            }
        });
    }

    @Override
    public void onRevoking(int handle, long withinMs) {
        executor.accept(() -> {
            HeldPartition going = partitions.get(handle);
            if (over) {
                return;
            } else if (going == null) {
                joined().revoked(handle); // assigned while leaving: nothing of it was ever claimed
            } else if (!going.revoking) {
                going.stop();
                reader.remove(going);
                long margin = Math.min(1_000, withinMs / 4);
                deadlines.in(Duration.ofMillis(withinMs - margin), () -> {
                    going.overdue = owns(going);
                    proceed();
                });
                proceed();
            }
        });
    }

    @Override
    public void onLost(int handle) {
        executor.accept(() -> taken(handle));
    }

    @Override
    public void onSeeked(int handle, long offset) {
        executor.accept(() -> taken(handle));
    }

    private void taken(int handle) {
        HeldPartition gone = partitions.remove(handle);
        if (gone != null) {
            dropped(gone);
            proceed();
        }
    }

    @Override
    public void onLeft() {
        executor.accept(() -> end(null));
    }

    @Override
    public void onError(Throwable error) {
        executor.accept(() -> abort(error));
    }
}
