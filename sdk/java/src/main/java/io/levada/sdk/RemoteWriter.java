package io.levada.sdk;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.WriterSink;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The {@code publish} channel: batches up within the server's credit, acknowledgements down. */
final class RemoteWriter extends RemoteStream implements BatchWriter {
    private final WriterSink sink;
    private final AtomicInteger creditBatches = new AtomicInteger();
    private final AtomicLong creditBytes = new AtomicLong();
    private final AtomicLong unacknowledged = new AtomicLong();
    private volatile boolean completing;

    private RemoteWriter(Link link, WriterSink sink) {
        super(link, "publish");
        this.sink = sink;
    }

    /** @param place where its batches are to come to stand, or null for anywhere */
    static RemoteWriter open(Link link, String topic, @Nullable ExpectedPlace place, WriterSink sink) {
        RemoteWriter writer = new RemoteWriter(link, sink);
        ObjectNode request = Wire.object().put("topic", topic);
        if (place != null) {
            request.put("partition", place.partition()).put("expectedOffset", place.offset());
        }
        writer.open(link.connection(), Wire.openMessage(request));
        return writer;
    }

    @Override
    public void write(int partition, long sequence, ByteBuf batch) {
        int bytes = batch.readableBytes();
        if (creditBatches.get() <= 0 || creditBytes.get() <= 0) {
            batch.release();
            fail(new LevadaException(
                    ErrorCode.THROTTLED, "batch " + sequence + " of " + bytes + " bytes goes beyond the write credit"));
            return;
        }
        creditBatches.decrementAndGet();
        creditBytes.addAndGet(-bytes);
        unacknowledged.incrementAndGet();
        outbox.send(Wire.encode(new Message.Batch(partition, sequence, batch)));
    }

    @Override
    public void complete() {
        completing = true;
        outbox.complete();
    }

    @Override
    public void cancel() {
        abandon();
    }

    @Override
    void receive(ByteBuf data) {
        Message message = Wire.message(data);
        if (message instanceof Message.Ack ack) {
            unacknowledged.decrementAndGet();
            sink.onAck(ack.sequence(), ack.baseOffset());
        } else if (message instanceof Message.PartAck part) {
            sink.onPartAck(part.sequence(), part.records(), part.baseOffset());
        } else if (message instanceof Message.WriteCredit credit) {
            creditBytes.accumulateAndGet(credit.bytes(), RemoteWriter::addCapped);
            creditBatches.accumulateAndGet(credit.batches(), RemoteWriter::addCapped);
            sink.onCredit(credit.batches(), credit.bytes());
        } else if (message instanceof Message.Opened opened) {
            sink.onOpen(opened.partitions(), opened.maxRecordBytes());
        } else {
            throw unexpected(message);
        }
    }

    @Override
    void completed() {
        long open = unacknowledged.get();
        if (completing && open == 0) {
            sink.onComplete();
        } else {
            sink.onError(new LevadaException(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "the server ended the stream with " + open + " batches not acknowledged"));
        }
    }

    @Override
    void failed(LevadaException error) {
        sink.onError(error);
    }

    /** The balance may be below zero, by what the last batch took beyond it; what is granted is not. */
    private static long addCapped(long balance, long granted) {
        return balance > Long.MAX_VALUE - granted ? Long.MAX_VALUE : balance + granted;
    }

    private static int addCapped(int one, int other) {
        return (int) Math.min((long) one + other, Integer.MAX_VALUE);
    }
}
