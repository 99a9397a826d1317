package io.levada.gateway;

import io.levada.Dropped;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.RecordJson;
import io.levada.StoredRecord;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.facade.WaitReason;
import io.levada.wire.Json;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundConnection;
import io.levada.wire.RecordQueue;
import io.levada.wire.Subscribed;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufOutputStream;
import io.rsocket.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/** {@code read} and {@code group.partition}: one payload, one record, one unit of request(n). */
final class PlainRead extends ClientStream implements BatchSink, RecordQueue.Stream, Subscribed {
    private final RecordQueue queue;
    private String topic = "";
    /** Partition of a group's handle; a reader's handles are partitions. */
    private int groupPartition = -1;

    private @Nullable BatchReader reader;
    private OutboundBudget.@Nullable Share share;
    private Subject subject = Subject.NONE;

    PlainRead(ClientSession session, FluxSink<Payload> sink) {
        super(session, sink);
        queue = new RecordQueue(session.connection().budget(), this);
    }

    /** Begins; what fails fails the stream. */
    void open(Route route, Json wanted) {
        try {
            BatchReader opened = route == Route.READ ? readTopic(wanted) : readAssignment(wanted);
            reader = opened;
            OutboundBudget.Share bytes = session.connection().budget().share(granted -> opened.credit(0, granted));
            share = bytes;
            bytes.want(Long.MAX_VALUE);
            outlet.onDemand(records -> {
                opened.credit(records, 0);
                queue.drain();
            });
        } catch (RuntimeException error) {
            fail(error);
        }
    }

    private BatchReader readTopic(Json wanted) {
        ReadSpec spec =
                BatchedRead.topic(wanted.only("topic", "partition", "from", "to", "filter", "overflow", "label"));
        topic = spec.topic();
        subject = Subject.topic(Route.READ.spelled(), topic, BatchedRead.label(wanted));
        return session.engine().read(spec, this);
    }

    private BatchReader readAssignment(Json wanted) {
        wanted.only("member", "handle", "offset");
        GroupChannel member = session.member(wanted.text("member"));
        int handle = wanted.smallNumber("handle");
        GroupChannel.Assigned assigned = member.assigned(handle);
        topic = assigned.partition().topic();
        subject = member.subject(Route.GROUP_PARTITION);
        groupPartition = assigned.partition().partition();
        Long offset = wanted.numberOrNull("offset");
        AssignedReader opened = member.membership().read(this);
        opened.add(handle, offset == null ? assigned.start() : offset);
        return opened;
    }

    @Override
    public OutboundConnection connection() {
        return session.connection();
    }

    @Override
    public @Nullable BatchReader reader() {
        return reader;
    }

    @Override
    public Subject subject() {
        return subject;
    }

    @Override
    public Long demand() {
        return outlet.demand();
    }

    @Override
    public @Nullable WaitReason holdsBack() {
        if (queue.isEmpty()) {
            return null;
        } else if (!wants()) {
            return WaitReason.NO_DEMAND;
        }
        return session.connection().budget().open() ? null : WaitReason.SOCKET_BLOCKED;
    }

    @Override
    public long wantedBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        later(() -> queue.batch(handle, batch, session.recordLimits()), batch::release);
    }

    @Override
    public void onGap(int handle, long from, long to) {
        later(() -> queue.ended(new LevadaException(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offsets " + from + " to " + (to - 1) + " of partition " + partition(handle)
                        + " are gone; read on from offset:" + to)));
    }

    @Override
    public void onDropped(int handle, long from, long to) {
        later(() -> queue.dropped(handle, from, to));
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        if (error != null || groupPartition >= 0) {
            later(() -> queue.ended(error));
        }
    }

    @Override
    public void onComplete() {
        later(() -> queue.ended(null));
    }

    @Override
    public void onError(Throwable error) {
        later(() -> queue.ended(error));
    }

    @Override
    public boolean wants() {
        return outlet.demand() > 0;
    }

    @Override
    public String topic(int handle) {
        return topic;
    }

    @Override
    public int partition(int handle) {
        return groupPartition >= 0 ? groupPartition : handle;
    }

    @Override
    public void send(int handle, StoredRecord record, @Nullable Dropped before) {
        outlet.send(encode(record, before));
    }

    @Override
    public void cutOff() {
        session.connection().dispose();
    }

    @Override
    public void used(int bytes) {
        if (share != null) {
            share.used(bytes);
        }
    }

    @Override
    public void ended(@Nullable Throwable error) {
        if (error == null) {
            complete();
        } else {
            fail(error);
        }
    }

    private ByteBuf encode(StoredRecord record, @Nullable Dropped before) {
        ByteBufAllocator alloc = session.connection().alloc();
        ByteBuf draft = alloc.buffer();
        try {
            Json.write(new ByteBufOutputStream(draft), out -> RecordJson.write(out, record, before));
            // It may wait for long, and a buffer that has grown to its size is up to twice as large.
            return alloc.buffer(draft.readableBytes()).writeBytes(draft);
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer does not fail", e);
        } finally {
            draft.release();
        }
    }

    @Override
    void onEnd(Ending ending) {
        queue.close();
        if (share != null) {
            share.close();
        }
        if (reader != null) {
            reader.cancel();
        }
    }
}
