package io.levada.groups;

import java.util.List;

/**
 * A member of a group.
 *
 * @param id unique among all members of all groups, ever
 * @param secret what it proves itself with when it comes back on another connection; {@link #NO_SECRET} if it cannot
 * @param topics what it subscribes to, in order, without repetition
 * @param from where partitions start that have no commit, as {@link io.levada.Position#spelled}
 * @param joined the generation in which it joined; the lower, the longer it waits
 * @param goneAtMs when it is removed because its connection broke, or {@link #CONNECTED}
 * @param idle it was told that there is no partition for it
 */
public record Member(
        String id, long secret, List<String> topics, String from, long joined, long goneAtMs, boolean idle) {
    public static final long NO_SECRET = 0;
    public static final long CONNECTED = -1;

    public Member {
        topics = List.copyOf(topics);
    }

    public boolean connected() {
        return goneAtMs == CONNECTED;
    }

    Member goneAt(long ms) {
        return new Member(id, secret, topics, from, joined, ms, idle);
    }

    Member back() {
        return goneAt(CONNECTED);
    }

    Member idle(boolean now) {
        return new Member(id, secret, topics, from, joined, goneAtMs, now);
    }
}
