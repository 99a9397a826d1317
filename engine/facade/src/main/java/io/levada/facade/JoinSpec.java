package io.levada.facade;

import io.levada.Filter;
import io.levada.Position;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a member joins.
 *
 * @param topics names, and patterns with {@code *}
 * @param instanceId who it is across restarts of its process, or null
 * @param from where partitions start that have no commit
 * @param maxStall how long it may leave records untaken, or null for no limit
 * @param filter which records it wants, or null for all
 * @param rejoin the member that comes back on another connection, or null for a new one
 */
public record JoinSpec(
        String group,
        List<String> topics,
        @Nullable String memberName,
        @Nullable String instanceId,
        Position from,
        @Nullable Duration maxStall,
        @Nullable Filter filter,
        @Nullable Rejoin rejoin) {
    /**
     * Who comes back, within the grace period and as nobody else could.
     *
     * @param secret as {@link MemberSink#onJoined} told it
     */
    public record Rejoin(String member, long secret) {}

    public JoinSpec(
            String group,
            List<String> topics,
            @Nullable String memberName,
            @Nullable String instanceId,
            Position from,
            @Nullable Duration maxStall,
            @Nullable Filter filter,
            @Nullable Rejoin rejoin) {
        this.group = group;
        this.topics = List.copyOf(topics);
        this.memberName = memberName;
        this.instanceId = instanceId;
        this.from = from;
        this.maxStall = maxStall;
        this.filter = filter;
        this.rejoin = rejoin;
    }

    /** How a new member joins. */
    public JoinSpec(String group, List<String> topics, @Nullable String memberName, Position from) {
        this(group, topics, memberName, null, from, null, null, null);
    }

    public JoinSpec withInstanceId(@Nullable String id) {
        return new JoinSpec(group, topics, memberName, id, from, maxStall, filter, rejoin);
    }

    public JoinSpec withMaxStall(@Nullable Duration limit) {
        return new JoinSpec(group, topics, memberName, instanceId, from, limit, filter, rejoin);
    }

    public JoinSpec withFilter(@Nullable Filter wanted) {
        return new JoinSpec(group, topics, memberName, instanceId, from, maxStall, wanted, rejoin);
    }

    /** The same member on another connection. */
    public JoinSpec rejoining(@Nullable Rejoin member) {
        return new JoinSpec(group, topics, memberName, instanceId, from, maxStall, filter, member);
    }
}
