package io.levada;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a member takes part in a group. Immutable.
 *
 * @param memberName a name to be recognised by in descriptions, or null for one made up
 * @param from where partitions start that the group has no commit for
 * @param onEvent told what happens to the membership; runs where callbacks run
 */
public record MemberOptions(@Nullable String memberName, Position from, Consumer<MemberEvent> onEvent) {
    public static MemberOptions defaults() {
        return new MemberOptions(null, Position.committed(), event -> {});
    }

    public MemberOptions withMemberName(String name) {
        return new MemberOptions(name, from, onEvent);
    }

    public MemberOptions withFrom(Position position) {
        return new MemberOptions(memberName, position, onEvent);
    }

    public MemberOptions withOnEvent(Consumer<MemberEvent> listener) {
        return new MemberOptions(memberName, from, listener);
    }
}
