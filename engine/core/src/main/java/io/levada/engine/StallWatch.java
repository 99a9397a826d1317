package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.env.Clock;
import io.levada.env.Loop;
import io.levada.facade.JoinSpec;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/** Looks now and then whether members that said how long they may leave records untaken take what there is for them. */
final class StallWatch {
    private static final Duration MIN_STALL = Duration.ofSeconds(1);
    private static final Duration MAX_STALL = Duration.ofDays(7);

    /** How often in that time a member is looked at. */
    private static final int LOOKS = 8;

    private final Loop loop;
    private final Clock clock;
    private final Predicate<MemberSession> known;
    private final BiConsumer<MemberSession, LevadaException> remove;

    /**
     * Watches nobody yet.
     *
     * @param known whether a session is still a member's; asked on the loop
     * @param remove what to do with one that stalls
     */
    StallWatch(
            Loop loop, Clock clock, Predicate<MemberSession> known, BiConsumer<MemberSession, LevadaException> remove) {
        this.loop = loop;
        this.clock = clock;
        this.known = known;
        this.remove = remove;
    }

    /** Refuses a limit that cannot be kept; throws INVALID_REQUEST. */
    static void check(JoinSpec spec) {
        Duration limit = spec.maxStall();
        if (limit != null && (limit.compareTo(MIN_STALL) < 0 || limit.compareTo(MAX_STALL) > 0)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a member may leave records untaken for " + MIN_STALL.toMillis() + " to " + MAX_STALL.toMillis()
                            + " ms, not " + limit);
        }
    }

    /** Looks at a session from now on, if it has a limit, until it is a member's no longer. */
    void begin(MemberSession session) {
        Duration limit = session.spec().maxStall();
        if (limit != null) {
            loop.schedule(limit.dividedBy(LOOKS), () -> look(session, limit));
        }
    }

    private void look(MemberSession session, Duration limit) {
        if (!known.test(session)) {
            return;
        }
        TopicPartition stalled = session.stalled(limit, clock.nanos());
        if (stalled == null) {
            begin(session);
        } else {
            remove.accept(
                    session,
                    new LevadaException(
                            ErrorCode.MEMBER_STALLED,
                            "member '" + session.member() + "' took none of the records of " + stalled + " for "
                                    + limit.toMillis() + " ms, and is out of the group '" + session.group()
                                    + "'; join again when there is demand"));
        }
    }
}
