package io.levada;

import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a member takes part in a group. Immutable.
 *
 * @param memberName a name to be recognised by in descriptions, or null for one made up
 * @param instanceId who this is across restarts of its process, 1 to 200 of A-Z a-z 0-9 . _ -, or null for a new member each
 *     time: when it leaves or its connection is gone, its partitions wait for it for the grace period, and the next to join
 *     with this id goes on with them, without moving anybody else's; while it is there, another one is refused with {@link
 *     ErrorCode#UNRELEASED_INSTANCE_ID}
 * @param from where partitions start that the group has no commit for; one that comes to be while the group has members
 *     starts at its beginning, so that nothing of it is left out
 * @param maxStall how long it may leave records of a partition it owns untaken, 1 s to 7 days; then it is out of the group, its
 *     streams fail with {@link ErrorCode#MEMBER_STALLED}, and others go on with its partitions. Null for no limit: a member
 *     that asks for nothing keeps what it owns
 * @param filter which records it wants, or null for all; the group gets past the others as if they were acknowledged, so
 *     members of one group want the same
 * @param onEvent told what happens to the membership; runs where callbacks run
 */
public record MemberOptions(
        @Nullable String memberName,
        @Nullable String instanceId,
        Position from,
        @Nullable Duration maxStall,
        @Nullable Filter filter,
        Consumer<MemberEvent> onEvent) {
    public static MemberOptions defaults() {
        return new MemberOptions(null, null, Position.committed(), null, null, event -> {});
    }

    public MemberOptions withMemberName(String name) {
        return new MemberOptions(name, instanceId, from, maxStall, filter, onEvent);
    }

    public MemberOptions withInstanceId(@Nullable String id) {
        return new MemberOptions(memberName, id, from, maxStall, filter, onEvent);
    }

    public MemberOptions withFrom(Position position) {
        return new MemberOptions(memberName, instanceId, position, maxStall, filter, onEvent);
    }

    public MemberOptions withMaxStall(@Nullable Duration limit) {
        return new MemberOptions(memberName, instanceId, from, limit, filter, onEvent);
    }

    public MemberOptions withFilter(@Nullable Filter wanted) {
        return new MemberOptions(memberName, instanceId, from, maxStall, wanted, onEvent);
    }

    public MemberOptions withOnEvent(Consumer<MemberEvent> listener) {
        return new MemberOptions(memberName, instanceId, from, maxStall, filter, listener);
    }
}
