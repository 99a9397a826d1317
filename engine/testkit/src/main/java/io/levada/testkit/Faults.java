package io.levada.testkit;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.GroupSession;
import io.levada.facade.MemberSink;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What is to go wrong in a {@link TestLevada}. Each fault strikes once, and asked for more than once it strikes as often, in
 * that order; all else works as ever. Faults sit between the facade and a sound log, so that the application sees them as it
 * would see those of a server. Safe for any thread.
 */
public final class Faults {
    /** All of it is guarded by this. */
    private final Map<String, Queue<LevadaException>> refusals = new HashMap<>();

    private final Map<String, Queue<Break>> breaks = new HashMap<>();
    private final Map<String, Integer> lostAcks = new HashMap<>();
    private final Map<String, List<Runnable>> held = new HashMap<>();
    private final Map<String, List<Joined>> members = new HashMap<>();

    /** Where a read breaks off. */
    record Break(long afterRecords, LevadaException error) {}

    private record Joined(GroupSession session, MemberSink sink) {}

    Faults() {}

    /**
     * The next batch published to a topic is not stored, and its publisher fails with this code, behind the acknowledgements
     * of what it published before.
     */
    public synchronized void failNextPublish(String topic, ErrorCode code) {
        refusals.computeIfAbsent(topic, name -> new ArrayDeque<>()).add(injected(code));
    }

    /**
     * The next batch published to a topic is stored, but its publisher is not told, and fails with {@link
     * ErrorCode#OUTCOME_UNKNOWN}. Where nothing was stored that looks the same: see {@link #failNextPublish}.
     */
    public synchronized void loseNextAck(String topic) {
        lostAcks.merge(topic, 1, Integer::sum);
    }

    /** Until {@link #releaseAcks}, publishers to a topic hear of no acknowledgement, though all is stored and delivered. */
    public synchronized void holdAcks(String topic) {
        held.computeIfAbsent(topic, name -> new ArrayList<>());
    }

    /** Tells publishers to a topic, in order, what was held back; from here on they hear at once again. */
    public synchronized void releaseAcks(String topic) {
        List<Runnable> answers = held.remove(topic);
        if (answers != null) {
            answers.forEach(Runnable::run);
        }
    }

    /**
     * The next {@code read} of a topic that begins gets so many records, or all there are until its end, and fails with this
     * code. Members of groups do not notice.
     *
     * @param afterRecords 0 or more
     * @throws IllegalArgumentException for less
     */
    public synchronized void breakNextRead(String topic, long afterRecords, ErrorCode code) {
        if (afterRecords < 0) {
            throw new IllegalArgumentException("after 0 records or more, not " + afterRecords);
        }
        breaks.computeIfAbsent(topic, name -> new ArrayDeque<>()).add(new Break(afterRecords, injected(code)));
    }

    /**
     * Cuts off all members of a group, as if their connections were lost for good: their streams fail with {@link
     * ErrorCode#CONNECTION_LOST}, what they acknowledged and did not commit is delivered again, and their partitions wait out
     * the grace period, {@link TestLevada#GRACE}, before others get them.
     */
    public void cutMembers(String group) {
        List<Joined> cut;
        synchronized (this) {
            cut = members.remove(group);
        }
        if (cut != null) {
            cut.forEach(member -> {
                member.session().abort();
                member.sink().onError(injected(ErrorCode.CONNECTION_LOST));
            });
        }
    }

    /** Remembers a member; those that have left do not mind being cut off. */
    synchronized void joined(String group, GroupSession session, MemberSink sink) {
        members.computeIfAbsent(group, name -> new ArrayList<>()).add(new Joined(session, sink));
    }

    synchronized @Nullable LevadaException nextRefusal(String topic) {
        Queue<LevadaException> asked = refusals.get(topic);
        return asked == null ? null : asked.poll();
    }

    synchronized @Nullable Break nextBreak(String topic) {
        Queue<Break> asked = breaks.get(topic);
        return asked == null ? null : asked.poll();
    }

    /** An error for a batch whose acknowledgement is to be lost, or null. */
    synchronized @Nullable LevadaException nextLostAck(String topic) {
        Integer left = lostAcks.computeIfPresent(topic, (name, count) -> count == 0 ? null : count - 1);
        return left == null ? null : injected(ErrorCode.OUTCOME_UNKNOWN);
    }

    /** Nothing is held back any longer, of no topic. */
    synchronized void releaseAllAcks() {
        List.copyOf(held.keySet()).forEach(this::releaseAcks);
    }

    /** Tells a publisher something that is never held back; no two things are told at a time. */
    synchronized void tell(Runnable call) {
        call.run();
    }

    /** Answers a publisher, one answer at a time, now or once answers are held no longer. */
    synchronized void answer(String topic, Runnable answer) {
        List<Runnable> waiting = held.get(topic);
        if (waiting == null) {
            answer.run();
        } else {
            waiting.add(answer);
        }
    }

    private static LevadaException injected(ErrorCode code) {
        return new LevadaException(code, "a fault that the test asked for");
    }
}
