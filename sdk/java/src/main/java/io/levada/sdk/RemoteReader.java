package io.levada.sdk;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Compression;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.ReadSpec;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.FilterJson;
import io.levada.protocol.Message;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.rsocket.RSocket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/** A channel of batches against credit: {@code read.batched} as it is, and what group.partition.batched builds on. */
class RemoteReader extends RemoteStream implements BatchReader {
    private final BatchSink sink;
    private final AtomicLong permittedRecords = new AtomicLong();

    RemoteReader(Link link, String route, BatchSink sink) {
        super(link, route);
        this.sink = sink;
    }

    static RemoteReader open(Link link, ReadSpec spec, BatchSink sink) {
        RemoteReader reader = new RemoteReader(link, "read.batched", sink);
        ObjectNode request = Wire.object().put("topic", spec.topic());
        if (spec.partition() != null) {
            request.put("partition", spec.partition());
        }
        request.put("from", spec.from().spelled()).put("to", spec.to().spelled());
        if (spec.filter() != null) {
            request.set("filter", FilterJson.toJson(spec.filter()));
        }
        if (spec.overflow().policy() != Overflow.Policy.PAUSE) {
            request.put("overflow", spec.overflow().spelled());
        }
        reader.open(link.connection(), request);
        return reader;
    }

    /** Opens the channel with a request, and with what of it is the sink's to say. */
    final void open(Mono<RSocket> connection, ObjectNode request) {
        List<Compression> accepted =
                Arrays.stream(Compression.values()).filter(this::accepts).toList();
        if (accepted.size() < Compression.values().length) {
            ArrayNode names = request.putArray("accept");
            accepted.forEach(codec -> names.add(codec.spelled()));
        }
        open(connection, Wire.openMessage(request));
    }

    private boolean accepts(Compression codec) {
        return codec == Compression.NONE || sink.accepts(codec);
    }

    @Override
    public final void credit(long records, long bytes) {
        permittedRecords.accumulateAndGet(records, Operators::addCap);
        outbox.credit(records, bytes);
    }

    @Override
    public final void cancel() {
        abandon();
    }

    @Override
    final void receive(ByteBuf data) {
        Message message = Wire.message(data);
        if (message instanceof Message.Records records) {
            deliver(records);
        } else if (message instanceof Message.Gap gap) {
            sink.onGap(gap.handle(), gap.from(), gap.to());
        } else if (message instanceof Message.Dropped dropped) {
            sink.onDropped(dropped.handle(), dropped.from(), dropped.to());
        } else if (message instanceof Message.Passed passed) {
            sink.onPassed(passed.handle(), passed.offset());
        } else if (message instanceof Message.End end) {
            sink.onPartitionEnd(end.handle(), end.error());
        } else {
            throw unexpected(message);
        }
    }

    /** The batch is a slice of the frame, with a count of its own; what came over the wire is held against its CRC. */
    private void deliver(Message.Records message) {
        ByteBuf batch = message.batch();
        boolean given = false;
        try {
            RecordBatch.verify(batch);
            int records = message.records();
            if (records < 1 || records != RecordBatch.recordCount(batch)) {
                throw new IllegalArgumentException(
                        records + " records announced, " + RecordBatch.recordCount(batch) + " in the batch");
            } else if (permittedRecords.addAndGet(-records) < 0) {
                throw new IllegalArgumentException("more records than were permitted");
            }
            given = true;
            sink.onBatch(message.handle(), records, batch);
        } finally {
            if (!given) {
                batch.release();
            }
        }
    }

    @Override
    void completed() {
        sink.onComplete();
    }

    @Override
    final void failed(LevadaException error) {
        sink.onError(error);
    }
}
