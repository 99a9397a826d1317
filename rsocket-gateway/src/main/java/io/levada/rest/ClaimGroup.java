package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.facade.Engine;
import io.levada.rest.EndedClaims.Outcome;
import io.levada.rest.HeldPartition.Held;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Exceptions;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * The claims of one owner on one group and its topics, over one membership: who waits for records, and what is out to whom
 * until when. Everything runs on one worker; nothing blocks.
 */
final class ClaimGroup implements ClaimMember.Claimants {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimGroup.class);

    /** How long a claim that would not wait does all the same, where it is not known yet whether there is something. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** How long a claim that could be given something waits for more that is on its way. */
    private static final Duration LINGER = Duration.ofMillis(10);

    private final Claims claims;
    private final ClaimTotals totals;
    private final String owner;
    private final Scheduler.Worker worker;
    private final Deadlines deadlines;
    private final ClaimMember member;
    private final Sinks.Empty<Void> ended = Sinks.empty();
    private final ArrayDeque<WaitingClaim> waiting = new ArrayDeque<>();
    private final Map<String, Claim> open = new LinkedHashMap<>();
    private Deadlines.@Nullable Deadline linger;
    private @Nullable LevadaException notice;
    private int leased;
    private int turn;
    private long lastClaimNanos;
    private boolean leaving;

    /** Why the membership ended, where it did not leave. */
    private @Nullable LevadaException failure;

    ClaimGroup(Claims claims, String owner, Scheduler.Worker worker, LongSupplier nanos, ClaimTotals totals) {
        this.claims = claims;
        this.totals = totals;
        this.owner = owner;
        this.worker = worker;
        this.deadlines = new Deadlines(worker, nanos);
        this.member = new ClaimMember(this::execute, deadlines, totals, this);
    }

    void start(Engine engine, String group, List<String> topics) {
        execute(() -> {
            member.join(engine, group, topics);
            deadlines.in(totals.limits().idle(), this::leaveIfIdle);
        });
    }

    private void execute(Runnable task) {
        worker.schedule(() -> {
            try {
                task.run();
            } catch (Throwable e) {
                Exceptions.throwIfJvmFatal(e);
                LOG.error("claims of a group failed; its membership ends", e);
                member.abort(e);
            }
        });
    }

    /**
     * Gives records to somebody, now or as they come.
     *
     * @param otherwise what to do where this has left the group
     */
    void claim(ClaimSpec spec, MonoSink<Claimed> sink, Runnable otherwise) {
        execute(() -> {
            if (failure != null) {
                sink.error(failure); // Another membership would end as this one, and so on.
                return;
            } else if (leaving) {
                otherwise.run();
                return;
            }
            lastClaimNanos = deadlines.nowNanos();
            try {
                check();
            } catch (LevadaException e) {
                sink.error(e);
                return;
            }
            enqueue(new WaitingClaim(spec, sink));
        });
    }

    private void check() {
        ClaimLimits limits = totals.limits();
        ClaimTotals.check(open.size(), limits.openPerGroup(), "claims of this group are out");
        ClaimTotals.check(totals.open.get(), limits.open(), "claims of this server are out");
        ClaimTotals.check(waiting.size(), limits.waitingPerGroup(), "claims of this group wait for records");
        ClaimTotals.check(totals.waiting.get(), limits.waiting(), "claims of this server wait for records");
        boolean anyFree = member.partitions().stream().anyMatch(each -> each.freeRecords() > 0);
        if (!anyFree && member.reader().isFull()) {
            throw new LevadaException(
                    ErrorCode.THROTTLED,
                    "claims hold as many records or bytes as they may; acknowledge or release some first");
        }
    }

    private void enqueue(WaitingClaim claim) {
        waiting.add(claim);
        totals.waiting.incrementAndGet();
        claim.sink.onCancel(() -> {
            claim.cancelled = true;
            execute(() -> remove(claim));
        });
        Duration wait = claim.spec.patience();
        if (wait.compareTo(PATIENCE) < 0) {
            claim.limit = deadlines.in(PATIENCE, () -> giveUp(claim));
            claim.patience = deadlines.in(wait, () -> {
                claim.overdue = true;
                member.reader().look();
            });
        } else {
            claim.limit = deadlines.in(wait, () -> giveUp(claim));
        }
        arrived();
    }

    private boolean remove(WaitingClaim claim) {
        if (!waiting.remove(claim)) {
            return false;
        }
        totals.waiting.decrementAndGet();
        deadlines.cancel(claim.patience);
        deadlines.cancel(claim.limit);
        if (waiting.isEmpty()) {
            member.reader().nobodyWants();
        }
        return true;
    }

    /** Ends a claim without records, unless there are some. */
    private void giveUp(WaitingClaim claim) {
        List<Held> some = pick(claim.spec);
        if (!some.isEmpty()) {
            give(claim, some);
        } else if (remove(claim)) {
            LevadaException damage = member.damage();
            if (damage == null) {
                claim.sink.success(new Claimed(
                        Claimed.NOTHING, List.of(), claim.spec.lease().toMillis()));
            } else {
                claim.sink.error(damage);
            }
        }
    }

    @Override
    public void arrived() {
        tellNotice();
        serve(false);
        if (waiting.isEmpty()) {
            return;
        }
        if (linger == null && member.partitions().stream().anyMatch(each -> each.freeRecords() > 0)) {
            linger = deadlines.in(LINGER, () -> {
                linger = null;
                serve(true);
            });
        }
        ask();
        member.reader().look();
    }

    @Override
    public void dry() {
        serve(true);
        for (WaitingClaim claim : List.copyOf(waiting)) {
            if (claim.overdue) {
                giveUp(claim);
            }
        }
    }

    /** Serves those who wait, in their order; only those who get all they may have, or any who get something. */
    private void serve(boolean any) {
        for (WaitingClaim claim : List.copyOf(waiting)) {
            boolean maybe = any || claim.spec.ordered() || hasEnough(claim.spec);
            List<Held> records = maybe ? pick(claim.spec) : List.of();
            if (!records.isEmpty() && (any || isFull(claim.spec, records))) {
                give(claim, records);
            } else if (!any && !claim.spec.ordered()) {
                return; // those behind wait for their turn
            }
        }
    }

    private boolean hasEnough(ClaimSpec spec) {
        long records = 0;
        long bytes = 0;
        for (HeldPartition each : member.partitions()) {
            records += each.freeRecords();
            bytes += each.freeBytes();
        }
        return records >= spec.max() || bytes >= spec.maxBytes();
    }

    private static boolean isFull(ClaimSpec spec, List<Held> records) {
        return records.size() == spec.max()
                || records.stream().mapToLong(one -> one.bytes).sum() >= spec.maxBytes();
    }

    /** What a claim may be given now: what was claimed before first, and then a partition after the other, in turn. */
    private List<Held> pick(ClaimSpec spec) {
        List<HeldPartition> from = new ArrayList<>(member.partitions());
        if (from.isEmpty()) {
            return List.of();
        }
        Collections.rotate(from, -(turn % from.size()));
        from.sort(Comparator.comparing(HeldPartition::startsWithReturned).reversed());
        List<Held> picked = new ArrayList<>();
        long bytes = 0;
        for (HeldPartition each : from) {
            if (spec.ordered() && each.isOut()) {
                continue;
            }
            for (Held one : each.free()) {
                if (picked.size() == spec.max() || (!picked.isEmpty() && bytes + one.bytes > spec.maxBytes())) {
                    return picked;
                }
                picked.add(one);
                bytes += one.bytes;
            }
        }
        return picked;
    }

    private void give(WaitingClaim to, List<Held> records) {
        if (!remove(to) || to.cancelled) {
            return;
        }
        turn++;
        records.forEach(one -> one.of.take(one));
        Claim claim = new Claim(claims.newId(), owner, records);
        open.put(claim.id, claim);
        totals.open.incrementAndGet();
        claims.opened(claim.id, this);
        lease(claim, to.spec.lease());
        leased++;
        List<StoredRecord> contents = records.stream().map(Held::record).toList();
        to.sink.success(new Claimed(claim.id, contents, to.spec.lease().toMillis()));
    }

    private void lease(Claim claim, Duration time) {
        deadlines.cancel(claim.expiry);
        claim.expiry = deadlines.in(time, () -> {
            giveBack(claim);
            end(claim, Outcome.EXPIRED);
            member.proceed();
            arrived();
        });
    }

    /** Reads on as far as those who wait want more than there is. */
    private void ask() {
        boolean orderedOnly = waiting.stream().allMatch(each -> each.spec.ordered());
        long records = 0;
        long bytes = 0;
        for (WaitingClaim each : waiting) {
            records += each.spec.max();
            bytes += each.spec.maxBytes();
        }
        for (HeldPartition each : member.partitions()) {
            if (!(orderedOnly && each.isOut())) {
                records -= each.freeRecords();
                bytes -= each.freeBytes();
            }
        }
        member.reader().want(records, bytes, orderedOnly);
    }

    /** Acknowledges a claim; the answer comes when that is durable, as far as it can be. */
    void ack(String id, String who, MonoSink<Void> sink) {
        execute(() -> {
            Claim claim = find(id, who, Outcome.ACKED, sink);
            if (claim == null) {
                return;
            }
            claim.answers.add(sink);
            if (!claim.acking) {
                startAcking(claim);
            }
        });
    }

    private void startAcking(Claim claim) {
        claim.acking = true;
        leaseEnded(claim);
        List<Held> mine =
                claim.records.stream().filter(one -> member.owns(one.of)).toList();
        mine.forEach(one -> one.of.ack(one));
        member.whenDurable(mine.stream().map(one -> one.of).collect(Collectors.toSet()), error -> {
            if (error != null && error.retriable()) {
                answer(claim, error);
                return;
            }
            boolean stale = error != null || claim.stale;
            end(claim, stale ? Outcome.STALE : Outcome.ACKED);
            answer(claim, stale ? EndedClaims.stale(claim.id) : null);
        });
        arrived();
    }

    private static void answer(Claim claim, @Nullable LevadaException error) {
        List<MonoSink<Void>> answers = List.copyOf(claim.answers);
        claim.answers.clear();
        for (MonoSink<Void> each : answers) {
            if (error == null) {
                each.success();
            } else {
                each.error(error);
            }
        }
    }

    /** Gives the records of a claim back, to be claimed before others. */
    void release(String id, String who, MonoSink<Void> sink) {
        execute(() -> {
            Claim claim = find(id, who, Outcome.RELEASED, sink);
            if (claim != null && claim.acking) {
                sink.error(acknowledged(id));
            } else if (claim != null) {
                giveBack(claim);
                end(claim, claim.stale ? Outcome.STALE : Outcome.RELEASED);
                sink.success();
                member.proceed();
                arrived();
            }
        });
    }

    /** Lets a lease last for so long from now on. */
    void extend(String id, String who, Duration time, MonoSink<Void> sink) {
        execute(() -> {
            Claim claim = find(id, who, null, sink);
            if (claim != null && claim.acking) {
                sink.error(acknowledged(id));
            } else if (claim != null && claim.stale) {
                sink.error(EndedClaims.stale(id));
            } else if (claim != null) {
                lease(claim, time);
                sink.success();
            }
        });
    }

    /** The claim; or null, and the answer is given. */
    private @Nullable Claim find(String id, String who, @Nullable Outcome wanted, MonoSink<Void> sink) {
        Claim claim = open.get(id);
        if (claim != null && claim.owner.equals(who)) {
            return claim;
        }
        LevadaException error = claim == null ? claims.ended().answer(id, who, wanted) : EndedClaims.unknown(id);
        if (error == null) {
            sink.success();
        } else {
            sink.error(error);
        }
        return null;
    }

    private static LevadaException acknowledged(String id) {
        return new LevadaException(ErrorCode.CLAIM_EXPIRED, "claim " + id + " was acknowledged");
    }

    private void leaseEnded(Claim claim) {
        if (claim.expiry != null) {
            deadlines.cancel(claim.expiry);
            claim.expiry = null;
            leased--;
        }
    }

    private void giveBack(Claim claim) {
        claim.records.stream().filter(one -> member.owns(one.of)).forEach(one -> one.of.giveBack(one));
    }

    private void end(Claim claim, Outcome outcome) {
        leaseEnded(claim);
        open.remove(claim.id);
        totals.open.decrementAndGet();
        claims.closed(claim.id, claim.owner, outcome);
    }

    @Override
    public void gone(HeldPartition partition) {
        open.values().stream().filter(claim -> claim.isOf(partition)).forEach(claim -> claim.stale |= !claim.acking);
    }

    @Override
    public void notice(LevadaException what) {
        notice = what;
        tellNotice();
    }

    private void tellNotice() {
        WaitingClaim first = waiting.peek();
        LevadaException told = notice;
        if (told != null && first != null) {
            notice = null;
            remove(first);
            first.sink.error(told);
        }
    }

    private void leaveIfIdle() {
        boolean used = !waiting.isEmpty()
                || leased > 0
                || deadlines.nowNanos() - lastClaimNanos
                        < totals.limits().idle().toNanos();
        if (used) {
            deadlines.in(totals.limits().idle(), this::leaveIfIdle);
        } else {
            leave();
        }
    }

    private void leave() {
        leaving = true;
        claims.left(this);
        member.leave();
    }

    /** Ends those who wait with GOING_AWAY, commits, and leaves; complete when that is done. */
    Mono<Void> goAway() {
        execute(() -> {
            for (WaitingClaim each : List.copyOf(waiting)) {
                remove(each);
                each.sink.error(Claims.goingAway());
            }
            if (!leaving) {
                leave();
            }
        });
        return ended.asMono();
    }

    @Override
    public void ended(@Nullable Throwable why) {
        leaving = true;
        claims.left(this);
        failure = why == null ? null : LevadaException.of(why);
        LevadaException error = failure == null ? Claims.goingAway() : failure;
        for (WaitingClaim each : List.copyOf(waiting)) {
            remove(each);
            each.sink.error(error);
        }
        for (Iterator<Claim> each = open.values().iterator(); each.hasNext(); ) {
            Claim claim = each.next();
            each.remove();
            leaseEnded(claim);
            totals.open.decrementAndGet();
            claims.closed(claim.id, claim.owner, Outcome.STALE);
            answer(claim, EndedClaims.stale(claim.id));
        }
        deadlines.cancelAll();
        ended.tryEmitEmpty();
    }
}
