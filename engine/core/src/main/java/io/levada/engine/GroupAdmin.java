package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.env.Clock;
import io.levada.env.Loop;
import io.levada.groups.GroupCoordinator;
import io.levada.groups.GroupView;
import io.levada.groups.GroupView.Place;
import io.levada.log.PartitionLog;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Administration of the groups of an engine. Safe for any thread. */
final class GroupAdmin implements Groups {
    private static final Logger LOG = LoggerFactory.getLogger(GroupAdmin.class);

    /** What the coordinator knows of a group, and the logs of the partitions that it speaks of. */
    private record Seen(GroupView view, Map<TopicPartition, PartitionLog> logs) {}

    private final GroupRuntime runtime;
    private final Loop diskLoop;
    private final Clock clock;

    GroupAdmin(GroupRuntime runtime, Loop diskLoop, Clock clock) {
        this.runtime = runtime;
        this.diskLoop = diskLoop;
        this.clock = clock;
    }

    @Override
    public Flux<String> list() {
        return Mono.<List<String>>create(reply -> runtime.look(GroupCoordinator::list, reply::success, reply::error))
                .flatMapIterable(names -> names);
    }

    @Override
    public Mono<GroupDescription> describe(String group) {
        return Mono.create(reply -> runtime.look(
                coordinator -> see(coordinator.describe(group)),
                seen -> diskLoop.execute(() -> {
                    try {
                        reply.success(complete(seen));
                    } catch (RuntimeException e) {
                        reply.error(LevadaException.of(e));
                    }
                }),
                reply::error));
    }

    @Override
    public Mono<GroupDescription> reset(String group, String topic, @Nullable Integer partition, Position to) {
        return Mono.<Void>create(reply -> runtime.reset(group, topic, partition, to, reply::success, reply::error))
                .then(describe(group));
    }

    @Override
    public Mono<Void> delete(String group) {
        return Mono.create(reply -> runtime.delete(group, reply::success, reply::error));
    }

    private Seen see(GroupView view) {
        Map<TopicPartition, PartitionLog> logs = new HashMap<>();
        for (TopicPartition partition : view.places().keySet()) {
            OpenTopic.OpenPartition open = runtime.open(partition);
            if (open != null) {
                logs.put(partition, open.log());
            }
        }
        return new Seen(view, logs);
    }

    private GroupDescription complete(Seen seen) {
        GroupView view = seen.view();
        List<GroupOffset> offsets = new ArrayList<>();
        view.places().forEach((partition, place) -> {
            PartitionLog log = seen.logs().get(partition);
            if (log != null) { // else its topic is being deleted
                offsets.add(offset(partition, place, log));
            }
        });
        return new GroupDescription(view.group(), view.state(), view.generation(), view.members(), offsets);
    }

    private GroupOffset offset(TopicPartition partition, Place place, PartitionLog log) {
        long end = log.durable();
        long next = Math.max(place.offset(), log.start());
        long lag = Math.max(0, end - next);
        long lagMs = lag == 0 ? 0 : lagMs(partition, next, log);
        return new GroupOffset(
                partition.topic(), partition.partition(), place.offset(), end, lag, lagMs, place.metadata());
    }

    private long lagMs(TopicPartition partition, long next, PartitionLog log) {
        try {
            return Math.max(0, clock.wallMs() - timestampOf(next, log));
        } catch (LevadaException e) {
            LOG.warn("the lag in {} is not known: {}", partition, e.line());
            return -1;
        }
    }

    private static long timestampOf(long offset, PartitionLog log) {
        long next = offset;
        while (next < log.durable()) {
            ByteBuf batches = log.read(next, 1);
            try {
                ByteBuf batch = batches.readSlice(RecordBatch.sizeInBytes(batches));
                next = RecordBatch.nextOffset(batch); // compaction may have left no record at or behind the offset
                try (RecordCursor record = RecordCursor.open(batch, Limits.DEFAULT)) {
                    while (record.next()) {
                        if (record.offset() >= offset) {
                            return record.timestampMs();
                        }
                    }
                }
            } finally {
                batches.release();
            }
        }
        throw new LevadaException(ErrorCode.CORRUPT_MESSAGE, "no record at or behind offset " + offset);
    }
}
