package io.levada;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Administration of groups. */
public interface Groups {
    /** Names of all groups in order. */
    Flux<String> list();

    /** Members, assignment and positions of a group; fails with {@link ErrorCode#GROUP_ID_NOT_FOUND}. */
    Mono<GroupDescription> describe(String group);

    /**
     * Moves a group to another place in a topic, which it goes on from, forth or back: {@code earliest}, {@code latest}, an
     * offset, a time, or where a token says. Members may be active: whoever owns such a partition is told ({@link
     * MemberEvent.Seeked}) and goes on from there; but a cluster moves groups without members alone, and fails with {@link
     * ErrorCode#NON_EMPTY_GROUP} for others. Fails with {@link ErrorCode#GROUP_ID_NOT_FOUND}, {@link
     * ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}, {@link ErrorCode#OFFSET_OUT_OF_RANGE} for an offset that is not kept, with
     * nothing changed, and with {@link ErrorCode#INVALID_REQUEST} for {@link Position.Committed}.
     *
     * @param partition the only one that is moved, or null for all
     * @return the group as it is then
     */
    Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to);

    /** Deletes a group and its commits; fails with {@link ErrorCode#NON_EMPTY_GROUP} while it has members. */
    Mono<Void> delete(String group);

    /** Fails with {@link ErrorCode#INVALID_GROUP_ID} for what cannot be a group's name. */
    static void checkName(String group) {
        if (!TopicSpec.isName(group) || TopicSpec.isInternal(group)) {
            throw new LevadaException(
                    ErrorCode.INVALID_GROUP_ID,
                    "'" + group + "' cannot be a group's name; use 1 to 200 of A-Z a-z 0-9 . _ -, not starting with "
                            + TopicSpec.INTERNAL_PREFIX);
        }
    }
}
