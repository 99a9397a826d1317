package io.levada.cli;

import io.levada.Assignment;
import io.levada.BlockingLevada;
import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.TopicPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongBiFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** Where groups are in the topics that are copied: read in one log, and committed in the other by a member that reads nothing. */
final class GroupPlaces {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Map<String, List<GroupOffset>> groups = new HashMap<>();

    /** Where a group is to be in a partition, with what it noted. */
    private record Place(long offset, @Nullable String metadata) {}

    /** Those of all groups in these topics; groups that have committed nothing there are left out. */
    static GroupPlaces of(BlockingLevada log, Set<String> topics) {
        GroupPlaces places = new GroupPlaces();
        for (String group : log.groups()) {
            List<GroupOffset> committed = log.describeGroup(group).offsets().stream()
                    .filter(offset -> topics.contains(offset.topic()) && offset.committed() >= 0)
                    .toList();
            if (!committed.isEmpty()) {
                places.groups.put(group, committed);
            }
        }
        return places;
    }

    /** The offsets of one partition at which somebody is. */
    Set<Long> in(TopicPartition partition) {
        Set<Long> offsets = new HashSet<>();
        groups.values().forEach(all -> all.stream()
                .filter(offset -> isIn(offset, partition))
                .forEach(offset -> offsets.add(offset.committed())));
        return offsets;
    }

    private static boolean isIn(GroupOffset offset, TopicPartition partition) {
        return offset.topic().equals(partition.topic()) && offset.partition() == partition.partition();
    }

    /**
     * Commits them all in another log; a group that is there already goes to the same places, if it is not in use.
     *
     * @param translated the other log's offset in a partition for one of this
     * @return how many groups there are
     */
    int commit(Levada log, ToLongBiFunction<TopicPartition, Long> translated) {
        groups.forEach((group, offsets) -> {
            Map<TopicPartition, Place> wanted = new HashMap<>();
            for (GroupOffset offset : offsets) {
                TopicPartition partition = new TopicPartition(offset.topic(), offset.partition());
                long there = translated.applyAsLong(partition, offset.committed());
                wanted.put(partition, new Place(there, offset.metadata()));
            }
            requireUnused(log, group);
            commit(log, group, wanted);
        });
        return groups.size();
    }

    private static void requireUnused(Levada log, String group) {
        try {
            GroupDescription there = log.blocking().describeGroup(group);
            if (!there.members().isEmpty()) {
                throw new LevadaException(
                        ErrorCode.NON_EMPTY_GROUP,
                        "group " + group + " has members at the target; stop them, and copy again, or leave places of"
                                + " groups out by --no-groups. The records are there");
            }
        } catch (LevadaException e) {
            if (e.code() != ErrorCode.GROUP_ID_NOT_FOUND) {
                throw e;
            }
        }
    }

    /** A place that lies before the present one is moved to once nobody is in the group, as a cluster wants it. */
    private static void commit(Levada log, String group, Map<TopicPartition, Place> wanted) {
        Map<TopicPartition, Place> before = new HashMap<>();
        Set<TopicPartition> open = new HashSet<>(wanted.keySet());
        List<String> topics =
                wanted.keySet().stream().map(TopicPartition::topic).distinct().toList();
        log.group(group)
                .subscribe(new ArrayList<>(topics), MemberOptions.defaults().withMemberName("copy"))
                .concatMap(assignment -> commit(assignment, wanted.get(assignment.topicPartition()), before))
                .doOnNext(open::remove)
                .takeUntil(partition -> open.isEmpty())
                .then()
                .block(LIMIT);
        before.forEach((partition, place) -> reset(log, group, partition, place));
    }

    /** To the earliest record where its own has been deleted there by now. */
    private static void reset(Levada log, String group, TopicPartition partition, Place to) {
        log.groups()
                .reset(group, partition.topic(), partition.partition(), Position.offset(to.offset()))
                .onErrorResume(
                        LevadaException.class,
                        error -> error.code() == ErrorCode.OFFSET_OUT_OF_RANGE
                                ? log.groups()
                                        .reset(group, partition.topic(), partition.partition(), Position.earliest())
                                : Mono.error(error))
                .retryWhen(Retry.fixedDelay(100, Duration.ofMillis(100))
                        .filter(error -> error instanceof LevadaException known
                                && known.code() == ErrorCode.NON_EMPTY_GROUP)) // until this member has left
                .block(LIMIT);
    }

    private static Mono<TopicPartition> commit(
            Assignment assignment, @Nullable Place to, Map<TopicPartition, Place> before) {
        TopicPartition partition = assignment.topicPartition();
        if (to == null || to.offset() == assignment.start()) {
            return Mono.just(partition);
        } else if (to.offset() < assignment.start()) {
            before.put(partition, to);
            return Mono.just(partition);
        }
        return assignment.commit(to.offset(), to.metadata()).thenReturn(partition);
    }
}
