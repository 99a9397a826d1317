package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.Batches.Read;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An idempotent publisher into one partition, which outlives the log's crashes: what was not acknowledged it sends again
 * with the same sequences, and what was, sometimes. Everything it sent is to be in the log once, in order.
 */
final class SimProducer {
    private static final String MARK = " P";

    final UUID topicId;
    final int partition;
    private final long id;
    private final boolean numbered;
    private final List<Sent> sent = new ArrayList<>();
    private int epochBegin;
    private short epoch;
    private int nextSequence;
    private boolean mustResend;
    private boolean trouble;
    private @Nullable String violation;

    /** A batch and where it came to stand, once that was told. */
    private static final class Sent {
        private final short epoch;
        private final int sequence;
        private final List<String> values;
        private long offset = -1;

        Sent(short epoch, int sequence, List<String> values) {
            this.epoch = epoch;
            this.sequence = sequence;
            this.values = values;
        }

        Sent copy() {
            Sent copy = new Sent(epoch, sequence, values);
            copy.offset = offset;
            return copy;
        }
    }

    /** @param numbered whether it is idempotent at all, which a control does without */
    SimProducer(long id, UUID topicId, int partition, boolean numbered) {
        this.id = id;
        this.topicId = topicId;
        this.partition = partition;
        this.numbered = numbered;
    }

    /** What has been sent up to now. */
    SimProducer copy() {
        SimProducer copy = new SimProducer(id, topicId, partition, numbered);
        sent.forEach(batch -> copy.sent.add(batch.copy()));
        copy.epochBegin = epochBegin;
        copy.epoch = epoch;
        copy.nextSequence = nextSequence;
        copy.mustResend = mustResend;
        copy.trouble = trouble;
        copy.violation = violation;
        return copy;
    }

    static boolean isProduced(String value) {
        return value.startsWith(MARK, value.indexOf(' '));
    }

    /** What its values carry behind their time. */
    String mark() {
        return MARK + id + ":";
    }

    /** The log was opened anew: nobody knows what became of what was under way. */
    void reopened() {
        mustResend = true;
        trouble = false;
    }

    boolean mustResend() {
        return mustResend;
    }

    boolean isSettled() {
        return sent.stream().allMatch(batch -> batch.offset >= 0);
    }

    /** Whether nothing before a batch can have failed: that may be told later than what it led to. */
    private boolean isSettledBefore(Sent batch) {
        return sent.subList(0, sent.indexOf(batch)).stream().allMatch(earlier -> earlier.offset >= 0);
    }

    /** Starts another epoch, in which sequences start anew. */
    void nextEpoch() {
        epoch++;
        nextSequence = 0;
        epochBegin = sent.size();
    }

    void send(PartitionLog log, List<String> values, LogLedger ledger, Consumer<LevadaException> onFailure) {
        ledger.sending(values);
        Sent batch = new Sent(epoch, nextSequence, values);
        nextSequence += values.size();
        sent.add(batch);
        append(log, batch, ledger, onFailure);
    }

    /** Sends again what was not acknowledged, and the batch before. */
    void resend(PartitionLog log, LogLedger ledger, Consumer<LevadaException> onFailure) {
        mustResend = false;
        boolean first = true;
        for (int i = epochBegin; i < sent.size(); i++) {
            Sent batch = sent.get(i);
            if (batch.offset < 0) {
                if (first && i > epochBegin) {
                    append(log, sent.get(i - 1), ledger, onFailure);
                }
                first = false;
                append(log, batch, ledger, onFailure);
            }
        }
        if (first && sent.size() > epochBegin) {
            append(log, sent.get(sent.size() - 1), ledger, onFailure);
        }
    }

    private void append(PartitionLog log, Sent batch, LogLedger ledger, Consumer<LevadaException> onFailure) {
        ByteBuf encoded = Batches.of(
                Batches.UNTRACKED, Compression.NONE, LogWorkload.timestamp(batch.values.get(0)), batch.values);
        if (numbered) {
            RecordBatch.setProducer(encoded, id, batch.epoch, batch.sequence);
        }
        log.append(encoded, (offset, error) -> {
            if (error == null) {
                if (batch.offset >= 0 && batch.offset != offset) {
                    violation = "a repeat got offset " + offset + ", and " + batch.offset + " at first";
                }
                batch.offset = offset;
                ledger.acknowledged(topicId, partition, offset, batch.values);
            } else if (error.code() == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
                    || error.code() == ErrorCode.UNKNOWN_PRODUCER_ID) {
                if (!trouble && isSettledBefore(batch)) {
                    violation = "refused though nothing had failed: " + error.line();
                }
                mustResend = true;
            } else {
                trouble = true;
                mustResend = true;
                onFailure.accept(error);
            }
        });
    }

    /** What there is of it in its partition is a part of what it sent, from the first on that is kept, in order, once. */
    void check(List<Read> found) {
        List<String> mine = found.stream()
                .map(Read::value)
                .filter(value -> value.startsWith(mark(), value.indexOf(' ')))
                .toList();
        List<String> all = sent.stream().flatMap(batch -> batch.values.stream()).toList();
        assertNull(violation, "producer " + id);
        long start = found.isEmpty() ? 0 : found.get(0).offset();
        int from = mine.isEmpty() || start == 0 ? 0 : all.indexOf(mine.get(0));
        assertTrue(from >= 0 && from + mine.size() <= all.size(), "more than producer " + id + " sent");
        assertEquals(all.subList(from, from + mine.size()), mine, "records of producer " + id);
    }
}
