package io.levada;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Administration of groups. */
public interface Groups {
    /** Names of all groups in order. */
    Flux<String> list();

    /** Members, assignment and positions of a group; fails with {@link ErrorCode#GROUP_ID_NOT_FOUND}. */
    Mono<GroupDescription> describe(String group);

    /** Deletes a group and its commits; fails with {@link ErrorCode#NON_EMPTY_GROUP} while it has members. */
    Mono<Void> delete(String group);
}
