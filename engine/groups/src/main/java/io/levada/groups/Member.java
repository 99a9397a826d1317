package io.levada.groups;

import java.util.List;

/**
 * A member of a group.
 *
 * @param id unique among all members of all groups, ever
 * @param topics what it subscribes to, in order, without repetition
 * @param from where partitions start that have no commit, as {@link io.levada.Position#spelled}
 * @param joined the generation in which it joined; the lower, the longer it waits
 * @param goneAtMs when it is removed because its connection broke, or {@link #CONNECTED}
 * @param idle it was told that there is no partition for it
 */
public record Member(String id, List<String> topics, String from, long joined, long goneAtMs, boolean idle) {
    public static final long CONNECTED = -1;

    public Member {
        topics = List.copyOf(topics);
    }

    public boolean connected() {
        return goneAtMs == CONNECTED;
    }

    Member goneAt(long ms) {
        return new Member(id, topics, from, joined, ms, idle);
    }

    Member idle(boolean now) {
        return new Member(id, topics, from, joined, goneAtMs, now);
    }
}
