package io.levada.engine;

import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.env.Clock;
import io.levada.groups.GroupEvent;
import io.levada.groups.GroupEventCodec;
import io.levada.log.PartitionLog;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of groups as records of the internal topic {@code __groups}. A long decision takes several batches, of which
 * a crash may leave the first ones only: that is a state like another, which {@link
 * io.levada.groups.GroupCoordinator#restored} brings in order.
 */
final class GroupTopic implements GroupLog {
    static final String NAME = "__groups";

    /** A batch is closed once it is this large; with one more event it still fits the smallest journal there may be. */
    private static final int BATCH_BYTES = 32 << 10;

    private final PartitionLog log;
    private final Clock clock;

    GroupTopic(PartitionLog log, Clock clock) {
        this.log = log;
        this.clock = clock;
    }

    @Override
    public void replay(Consumer<GroupEvent> replayed) {
        InternalTopic.replay(log, NAME, (key, value) -> replayed.accept(GroupEventCodec.decode(key, value)));
    }

    @Override
    public void append(List<GroupEvent> events, Consumer<@Nullable LevadaException> done) {
        List<ByteBuf> batches = batches(events);
        AtomicInteger open = new AtomicInteger(batches.size());
        AtomicReference<@Nullable LevadaException> failure = new AtomicReference<>();
        for (ByteBuf batch : batches) {
            log.append(batch, (baseOffset, error) -> {
                if (error != null) {
                    failure.compareAndSet(null, error);
                }
                if (open.decrementAndGet() == 0) {
                    done.accept(failure.get());
                }
            });
        }
    }

    private List<ByteBuf> batches(List<GroupEvent> events) {
        List<ByteBuf> batches = new ArrayList<>();
        long now = Math.max(0, clock.wallMs());
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            for (GroupEvent event : events) {
                builder.append(now, GroupEventCodec.key(event), GroupEventCodec.value(event), List.of());
                if (builder.sizeInBytes() >= BATCH_BYTES) {
                    batches.add(builder.build());
                }
            }
            if (builder.count() > 0) {
                batches.add(builder.build());
            }
        }
        return batches;
    }
}
