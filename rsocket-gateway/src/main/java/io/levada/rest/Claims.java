package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.Engine;
import io.levada.rest.EndedClaims.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * Groups for those who come without a connection: records are claimed for a while, and then acknowledged, released, or
 * claimed by somebody else. The server is a member of the group for them, beside whatever other members it has.
 *
 * <p>Records of a partition may be out in several claims at a time, each to be ended in any order. A claim's acknowledgement
 * is answered when the group's commit is durable, as far as the acknowledged prefix of each partition goes. What lies behind
 * a record that is not acknowledged yet cannot be committed, and is remembered by this process: it is not claimed again, but
 * delivered again where the membership ends before the prefix gets there (at least once), that is after a crash, after
 * idleness, or when a hand-over takes longer than the group allows.
 *
 * <p>A claim whose partition has gone to another member in the meantime is {@link ErrorCode#STALE_MEMBER_EPOCH}, also if only
 * some of its records are concerned; what it has of the other partitions is acknowledged all the same.
 *
 * <p>Safe for any thread. Answers come on the workers of the scheduler; a claim that is cancelled while it waits is given
 * nothing.
 */
final class Claims {
    private final Scheduler scheduler;
    private final LongSupplier nanos;
    private final ClaimIds ids;
    private final ClaimTotals totals;
    private final EndedClaims ended;
    private final Map<Key, ClaimGroup> groups = new ConcurrentHashMap<>();
    private final Map<String, ClaimGroup> open = new ConcurrentHashMap<>();
    private volatile boolean going;

    /** Who is a member of what. */
    private record Key(String owner, String group, List<String> topics) {}

    /**
     * @param scheduler what all runs on; its workers need not be disposed of, as those of {@code Schedulers.parallel()}
     * @param nanos a time that never goes back, such as {@code System::nanoTime}
     */
    Claims(Scheduler scheduler, LongSupplier nanos, ClaimIds ids, ClaimLimits limits) {
        this.scheduler = scheduler;
        this.nanos = nanos;
        this.ids = ids;
        this.totals = new ClaimTotals(limits);
        this.ended = new EndedClaims(limits.ended());
    }

    /**
     * Claims records. Fails with {@link ErrorCode#THROTTLED} beyond the {@link ClaimLimits limits}, with {@link
     * ErrorCode#OFFSET_OUT_OF_RANGE} once where records were gone before anybody claimed them, with {@link
     * ErrorCode#GOING_AWAY}, and with what joining the group fails with.
     *
     * @param owner who claims, and alone may end the claim
     * @param engine the log, as this owner may use it
     */
    Mono<Claimed> claim(String owner, Engine engine, ClaimSpec spec) {
        return Mono.create(sink -> claim(owner, engine, spec, sink));
    }

    private void claim(String owner, Engine engine, ClaimSpec spec, MonoSink<Claimed> sink) {
        try {
            member(owner, engine, spec).claim(spec, sink, () -> claim(owner, engine, spec, sink));
        } catch (LevadaException e) {
            sink.error(e);
        }
    }

    private ClaimGroup member(String owner, Engine engine, ClaimSpec spec) {
        Key key = new Key(owner, spec.group(), spec.topics());
        return groups.computeIfAbsent(key, absent -> {
            if (going) {
                throw goingAway();
            }
            ClaimTotals.check(groups.size(), totals.limits().groups(), "groups are claimed from at this server");
            ClaimGroup group = new ClaimGroup(this, owner, scheduler.createWorker(), nanos, totals);
            group.start(engine, spec.group(), spec.topics());
            return group;
        });
    }

    /**
     * Acknowledges the records of a claim; once more does no harm. Fails with {@link ErrorCode#CLAIM_EXPIRED} for one that has
     * ended otherwise, or that is not known, with {@link ErrorCode#NOT_CLAIM_OWNER} for one of another gateway, with {@link
     * ErrorCode#STALE_MEMBER_EPOCH}, and with the log's errors where the
     * commit cannot be written now; it is then tried again, and may be asked for again.
     */
    Mono<Void> ack(String owner, String claim) {
        return end(owner, claim, Outcome.ACKED, (group, sink) -> group.ack(claim, owner, sink));
    }

    /** Gives the records of a claim back, to be claimed at once; fails with {@link ErrorCode#CLAIM_EXPIRED} as {@link #ack}. */
    Mono<Void> release(String owner, String claim) {
        return end(owner, claim, Outcome.RELEASED, (group, sink) -> group.release(claim, owner, sink));
    }

    /**
     * Lets the lease of a claim last for so long from now on; fails with {@link ErrorCode#CLAIM_EXPIRED}, and with {@link
     * ErrorCode#INVALID_REQUEST} for less than 1 s or more than 12 h.
     */
    Mono<Void> extend(String owner, String claim, Duration lease) {
        return Mono.defer(() -> {
            ClaimSpec.checkLease(lease);
            return end(owner, claim, null, (group, sink) -> group.extend(claim, owner, lease, sink));
        });
    }

    private interface Ending {
        void at(ClaimGroup group, MonoSink<Void> sink);
    }

    private Mono<Void> end(String owner, String claim, @Nullable Outcome wanted, Ending ending) {
        if (claim.equals(Claimed.NOTHING)) {
            return Mono.empty();
        }
        return Mono.create(sink -> {
            ClaimGroup group = open.get(claim);
            if (group != null) {
                ending.at(group, sink);
                return;
            }
            LevadaException elsewhere = ids.elsewhere(claim);
            LevadaException error = elsewhere == null ? ended.answer(claim, owner, wanted) : elsewhere;
            if (error == null) {
                sink.success();
            } else {
                sink.error(error);
            }
        });
    }

    /**
     * Ends claims that wait with {@link ErrorCode#GOING_AWAY}, commits what is acknowledged, and leaves all groups; complete
     * when that is done, after ten seconds at most.
     */
    Mono<Void> goAway() {
        return Mono.defer(() -> {
            going = true;
            return Mono.when(groups.values().stream().map(ClaimGroup::goAway).toList());
        });
    }

    static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the server is stopping; claim again when it is back");
    }

    String newId() {
        return ids.next();
    }

    /** What is held now, as metrics tell it. */
    ClaimTotals totals() {
        return totals;
    }

    EndedClaims ended() {
        return ended;
    }

    void opened(String claim, ClaimGroup group) {
        open.put(claim, group);
    }

    /** Known as ended before it is known as open no longer: whoever asks meanwhile finds it in one of the two. */
    void closed(String claim, String owner, Outcome outcome) {
        ended.add(claim, owner, outcome);
        open.remove(claim);
    }

    void left(ClaimGroup group) {
        groups.values().remove(group);
    }
}
