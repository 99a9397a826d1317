package io.levada;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import reactor.core.publisher.Flux;

/**
 * A group of consumers: the group gets every record, and each partition has one owner among its members. A subscription
 * to the returned stream is one member; cancelling it leaves the group after committing what was acknowledged.
 */
public interface Group {
    String name();

    /**
     * Joins as a member. Each topic is a name, or a {@link TopicPattern} such as {@code orders-*}. Emits one {@link Assignment} for each partition that this member comes to own; those it loses
     * complete (handed over) or fail (taken away). The stream itself ends only with an error or the member's leaving.
     */
    Flux<Assignment> subscribe(Collection<String> topics, MemberOptions options);

    default Flux<Assignment> subscribe(String... topics) {
        return subscribe(List.of(topics), MemberOptions.defaults());
    }

    /**
     * The same, with the deliveries of all assignments merged, each still in order within its partition. Demand is shared
     * among the partitions: no more than what was requested is in hand at any time.
     */
    Flux<Delivery> receive(Collection<String> topics, MemberOptions options);

    default Flux<Delivery> receive(String... topics) {
        return receive(Arrays.asList(topics), MemberOptions.defaults());
    }
}
