package io.levada.groups;

import io.levada.TopicPattern;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A member of a group.
 *
 * @param id unique among all members of all groups, ever
 * @param secret what it proves itself with when it comes back on another connection; {@link #NO_SECRET} if it cannot
 * @param instanceId what tells it from others across restarts of its process, or null for one that is new each time
 * @param topics what it subscribes to, names and patterns, in order, without repetition
 * @param from where partitions start that have no commit, as {@link io.levada.Position#spelled}
 * @param joined the generation in which it joined; the lower, the longer it waits
 * @param goneAtMs when it is removed because its connection broke, or its process is to come again; or {@link #CONNECTED}
 * @param idle it was told that there is no partition for it
 */
public record Member(
        String id,
        long secret,
        @Nullable String instanceId,
        List<String> topics,
        String from,
        long joined,
        long goneAtMs,
        boolean idle) {
    public static final long NO_SECRET = 0;
    public static final long CONNECTED = -1;

    public Member(
            String id,
            long secret,
            @Nullable String instanceId,
            List<String> topics,
            String from,
            long joined,
            long goneAtMs,
            boolean idle) {
        this.id = id;
        this.secret = secret;
        this.instanceId = instanceId;
        this.topics = List.copyOf(topics);
        this.from = from;
        this.joined = joined;
        this.goneAtMs = goneAtMs;
        this.idle = idle;
    }

    public boolean connected() {
        return goneAtMs == CONNECTED;
    }

    Member goneAt(long ms) {
        return new Member(id, secret, instanceId, topics, from, joined, ms, idle);
    }

    /** Its process has ended, so nobody comes back with its secret; another process may take its place. */
    Member vacantUntil(long ms) {
        return new Member(id, NO_SECRET, instanceId, topics, from, joined, ms, idle);
    }

    Member back() {
        return goneAt(CONNECTED);
    }

    Member idle(boolean now) {
        return new Member(id, secret, instanceId, topics, from, joined, goneAtMs, now);
    }

    /** The same with names instead of patterns. */
    Member expanded(Collection<String> among) {
        List<String> names = TopicPattern.expand(topics, among);
        return names == topics ? this : new Member(id, secret, instanceId, names, from, joined, goneAtMs, idle);
    }
}
