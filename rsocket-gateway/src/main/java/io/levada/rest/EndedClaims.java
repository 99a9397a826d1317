package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** How claims have ended, of the last so many, for those who say again what had no answer. Safe for any thread. */
final class EndedClaims {
    /** How a claim has ended. */
    enum Outcome {
        ACKED,
        RELEASED,
        EXPIRED,
        /** A partition of it was taken away, or handed over, before it was acknowledged. */
        STALE
    }

    private record Ending(String owner, Outcome outcome) {}

    private final Map<String, Ending> endings = new ConcurrentHashMap<>();
    private final Queue<String> oldestFirst = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final int limit;

    EndedClaims(int limit) {
        this.limit = limit;
    }

    void add(String claim, String owner, Outcome outcome) {
        endings.put(claim, new Ending(owner, outcome));
        oldestFirst.add(claim);
        if (size.incrementAndGet() > limit) {
            String oldest = oldestFirst.poll();
            if (oldest != null) {
                endings.remove(oldest);
                size.decrementAndGet();
            }
        }
    }

    /** What to say to somebody who wants to end a claim in this way; null where that was done before. */
    @Nullable
    LevadaException answer(String claim, String owner, @Nullable Outcome wanted) {
        Ending ending = endings.get(claim);
        if (ending == null || !ending.owner().equals(owner)) {
            return unknown(claim);
        } else if (ending.outcome() == wanted) {
            return null;
        }
        return switch (ending.outcome()) {
            case ACKED -> expired(claim, "was acknowledged");
            case RELEASED -> expired(claim, "was released");
            case EXPIRED ->
                expired(
                        claim,
                        "has expired, and its records are claimed again; claim with a longer lease, or extend it in time");
            case STALE -> stale(claim);
        };
    }

    static LevadaException unknown(String claim) {
        return expired(claim, "has expired, or this server never gave it to you; claim anew");
    }

    static LevadaException stale(String claim) {
        return new LevadaException(
                ErrorCode.STALE_MEMBER_EPOCH,
                "a partition of claim " + claim
                        + " has gone to another member, which gets what was not acknowledged; claim anew");
    }

    private static LevadaException expired(String claim, String why) {
        return new LevadaException(ErrorCode.CLAIM_EXPIRED, "claim " + claim + " " + why);
    }
}
