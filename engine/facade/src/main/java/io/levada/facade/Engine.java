package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Topics;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What stands behind the facade: encoded batches in, encoded batches out against credit in records and bytes. Batches are
 * Kafka's record batches, format version 2, whole in one buffer each.
 *
 * <p>Methods are safe for any thread and do not block. Sinks are called serially on a thread of the engine, must not
 * block, and may call back into the handle they belong to. Failures reach the sink ({@code onError}), once, as the last
 * call; methods here do not throw for them. A buffer passed is a buffer given away: the receiver releases it.
 */
public interface Engine extends AutoCloseable {
    Topics topics();

    Groups groups();

    /**
     * Gives an idempotent producer's id and epoch. Without a name, an id that nobody else has, or {@link ProducerId#NONE} of
     * an engine that cannot tell a batch sent again, and refuses those that are numbered. With one, always the same id
     * and an epoch that is one higher than the last, durable: from then on batches of an earlier one are refused in every
     * partition, with {@code INVALID_PRODUCER_EPOCH}; what was appended before stands before.
     *
     * @param name 1 to 200 of A-Z a-z 0-9 . _ -, or null
     */
    default Mono<ProducerId> openProducer(@Nullable String name) {
        return Mono.error(new LevadaException(ErrorCode.INVALID_REQUEST, "no ids of producers are given out here"));
    }

    /** Opens a writer to a topic. Batches of one writer keep their order within a partition. */
    BatchWriter write(String topic, WriterSink sink);

    /**
     * Opens a writer whose batches are appended only where they are expected; the first that is not ends it with {@code
     * OFFSET_MISMATCH}, and nothing behind it is appended. It gets credit for one batch at a time.
     *
     * <p>An engine that cannot do that ends it with {@code UNSUPPORTED_VERSION}.
     *
     * @throws LevadaException the same
     */
    default BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        throw new LevadaException(ErrorCode.UNSUPPORTED_VERSION, "an expected offset cannot be kept to here");
    }

    /** Opens a reader of a topic's partitions; handles of its batches are partition numbers. No credit at first. */
    BatchReader read(ReadSpec spec, BatchSink sink);

    /** Joins a group; the member lives until it leaves, is aborted, or its session fails. */
    GroupSession join(JoinSpec spec, MemberSink sink);

    /** What it has done for readers so far. */
    default ReadTotals readTotals() {
        return ReadTotals.NONE;
    }

    /** What it holds and has done; may look at all partitions, and does not block. */
    default EngineTotals totals() {
        return EngineTotals.NONE;
    }

    /** What is wrong with it; may look at all partitions, and does not block. */
    default EngineHealth health() {
        return EngineHealth.SOUND;
    }

    /** Ends everything open with {@code GOING_AWAY}; complete when all is released. */
    Mono<Void> shutdown();

    /** Blocks until {@link #shutdown} has completed, ten seconds at most. */
    @Override
    void close();
}
