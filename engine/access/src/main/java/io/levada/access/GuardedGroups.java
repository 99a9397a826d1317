package io.levada.access;

import io.levada.GroupDescription;
import io.levada.Groups;
import io.levada.Position;
import io.levada.access.Caller.Need;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An engine's groups, as far as a caller may see and change them, and of what they read the topics that it may see. */
record GuardedGroups(Groups groups, Caller caller) implements Groups {
    private static Need may(Operation operation, String name) {
        return new Need(operation, ResourceType.GROUP, name);
    }

    @Override
    public Flux<String> list() {
        return groups.list().filter(name -> caller.allows(Operation.DESCRIBE, ResourceType.GROUP, name));
    }

    @Override
    public Mono<GroupDescription> describe(String group) {
        return caller.allowed(List.of(may(Operation.DESCRIBE, group)), () -> groups.describe(group))
                .map(this::visible);
    }

    /** To read from another place is to read. */
    @Override
    public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
        return caller.administered(
                        List.of(new Need(Operation.READ, ResourceType.TOPIC, topic), may(Operation.ALTER, group)),
                        () -> groups.reset(group, topic, partition, to))
                .map(this::visible);
    }

    @Override
    public Mono<Void> delete(String group) {
        return caller.administered(List.of(may(Operation.DELETE, group)), () -> groups.delete(group));
    }

    private GroupDescription visible(GroupDescription group) {
        return new GroupDescription(
                group.group(),
                group.state(),
                group.generation(),
                group.members().stream()
                        .map(member -> new GroupDescription.MemberDescription(
                                member.member(),
                                member.partitions().stream()
                                        .filter(partition -> isVisible(partition.topic()))
                                        .toList(),
                                member.idle()))
                        .toList(),
                group.offsets().stream()
                        .filter(offset -> isVisible(offset.topic()))
                        .toList());
    }

    private boolean isVisible(String topic) {
        return caller.allows(Operation.DESCRIBE, ResourceType.TOPIC, topic);
    }
}
