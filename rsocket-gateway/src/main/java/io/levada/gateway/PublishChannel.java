package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.WriterSink;
import io.levada.protocol.Message;
import io.levada.wire.Json;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * {@code publish} as a channel: the client's batches go to the engine as they are, its acknowledgements back. A client
 * that does not read its acknowledgements gets no credit to send more.
 */
final class PublishChannel extends ClientChannel implements WriterSink {
    private @Nullable BatchWriter writer;
    private long nextSequence;
    private long withheldBatches;
    private long withheldBytes;
    private boolean peerComplete;
    private boolean goingAway;

    PublishChannel(ClientSession session, FluxSink<Payload> sink) {
        super(session, sink);
    }

    @Override
    void open(ByteBuf first) {
        Json wanted = Json.read("publish", opening(Route.PUBLISH, first)).only("topic", "partition", "expectedOffset");
        Integer partition = wanted.integerOrNull("partition");
        Long offset = wanted.numberOrNull("expectedOffset");
        if (partition == null && offset == null) {
            writer = session.engine().write(wanted.text("topic"), this);
        } else if (partition != null && offset != null && partition >= 0 && offset >= 0) {
            writer = session.engine().write(wanted.text("topic"), new ExpectedPlace(partition, offset), this);
        } else {
            throw invalid("publish takes partition and expectedOffset together, each 0 or more, or neither");
        }
    }

    @Override
    void onMessage(ByteBuf data) {
        Message message = Message.decode(data, session.recordLimits());
        if (!(message instanceof Message.Batch batch)) {
            message.release();
            throw invalid("publish takes no " + message.getClass().getSimpleName());
        }
        BatchWriter open = writer;
        if (open == null || goingAway || batch.sequence() != nextSequence) {
            batch.batch().release();
            if (!goingAway) {
                throw invalid("batch " + batch.sequence() + " where " + nextSequence + " is due");
            }
            return;
        }
        nextSequence++;
        open.write(batch.partition(), batch.sequence(), batch.batch());
    }

    @Override
    void onPeerComplete() {
        peerComplete = true;
        if (writer != null && !goingAway) {
            writer.complete();
        }
    }

    /** What has arrived is acknowledged before the stream ends. */
    @Override
    void goAway() {
        goingAway = true;
        if (writer != null && !peerComplete) {
            writer.complete();
        }
    }

    @Override
    public void onOpen(int partitions, int maxRecordBytes) {
        later(() -> send(new Message.Opened(partitions, maxRecordBytes)));
    }

    @Override
    public void onCredit(int batches, long bytes) {
        later(() -> {
            boolean waits = withheldBatches > 0 || withheldBytes > 0;
            withheldBatches += batches;
            withheldBytes += bytes;
            if (session.connection().budget().open()) {
                grant();
            } else if (!waits) {
                session.connection().budget().whenOpen(this::grant);
            }
        });
    }

    private void grant() {
        int batches = (int) Math.min(Integer.MAX_VALUE, withheldBatches);
        long bytes = withheldBytes;
        withheldBatches -= batches;
        withheldBytes = 0;
        if (batches > 0 || bytes > 0) {
            send(new Message.WriteCredit(batches, bytes));
        }
    }

    @Override
    public void onPartAck(long sequence, int records, long baseOffset) {
        later(() -> send(new Message.PartAck(sequence, records, baseOffset)));
    }

    @Override
    public void onAck(long sequence, long baseOffset) {
        later(() -> send(new Message.Ack(sequence, baseOffset)));
    }

    private void send(Message message) {
        if (!hasEnded()) {
            outlet.send(message.encode(session.connection().alloc()));
        }
    }

    @Override
    public void onComplete() {
        later(() -> {
            if (goingAway && !peerComplete) {
                fail(ClientSession.goingAway());
            } else {
                complete();
            }
        });
    }

    @Override
    public void onError(Throwable error) {
        later(() -> fail(error));
    }

    @Override
    void onEnd(Ending ending) {
        if (writer != null) {
            writer.cancel();
        }
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
