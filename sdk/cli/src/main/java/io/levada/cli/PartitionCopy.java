package io.levada.cli;

import io.levada.Ack;
import io.levada.BlockingRecords;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicPartition;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One partition on its way to another log. There it begins at offset 0, and what is there already has to be the first of its records:
 * then it goes on behind them. As each record is published at the offset at which it has to come to be, none is there twice,
 * whatever interrupts it; a cluster cannot promise that, so that there it is the comparison that tells.
 */
final class PartitionCopy {
    private final Levada from;
    private final Levada to;
    private final TopicPartition partition;
    private final PartitionDescription source;
    private final long had;
    private final long hadStart;

    /**
     * Nothing is copied yet.
     *
     * @param source where its records are, as of now: what comes later is not copied
     * @param target what the other log has of it
     */
    PartitionCopy(
            Levada from,
            Levada to,
            TopicPartition partition,
            PartitionDescription source,
            PartitionDescription target) {
        this.from = from;
        this.to = to;
        this.partition = partition;
        this.source = source;
        this.had = target.end();
        this.hadStart = target.start();
    }

    TopicPartition partition() {
        return partition;
    }

    /** How many records the other log has of it now, once {@link #copy} has not begun. */
    long had() {
        return had;
    }

    /** Records that there are at most: some may be compacted away. */
    long atMost() {
        return source.durable() - source.start();
    }

    /** Copies what is missing; gives an element for each record. */
    Flux<Long> copy() {
        return next().flatMapMany(next -> next >= source.durable() ? Flux.empty() : publish(next))
                .map(Ack::offset);
    }

    /** At the offsets where they have to come to be; on a cluster, which cannot promise that, behind what is there. */
    private Flux<Ack> publish(long next) {
        Flux<StoredRecord> missing = records(from, next, source.durable());
        return to.publishAt(
                        partition.topic(),
                        partition.partition(),
                        had,
                        missing.map(record -> placed(record, Record.ANY_PARTITION)))
                .onErrorResume(
                        LevadaException.class,
                        error -> error.code() == ErrorCode.UNSUPPORTED_VERSION
                                ? to.publish(
                                        partition.topic(), missing.map(record -> placed(record, partition.partition())))
                                : Flux.error(error));
    }

    private static Record placed(StoredRecord record, int partition) {
        return new Record(record.key(), record.value(), record.headers(), record.timestampMs(), partition);
    }

    private Flux<StoredRecord> records(Levada log, long start, long end) {
        return log.read(spec(start, end));
    }

    private ReadSpec spec(long start, long end) {
        return ReadSpec.of(partition.topic())
                .partition(partition.partition())
                .from(Position.offset(start))
                .to(End.offset(end));
    }

    /** The source's offset behind the last record that is there. */
    private Mono<Long> next() {
        if (had == 0) {
            return Mono.just(source.start());
        }
        Mono<Last> last = hadStart == had
                ? Mono.just(new Last(null)) // its retention has deleted all of it
                : records(to, had - 1, had).next().map(Last::new);
        return last.flatMap(known -> isWhereItWas(known).flatMap(is -> is ? Mono.just(had) : behind(known)));
    }

    /** The last record of the target, or null where that is not kept. */
    private record Last(@Nullable StoredRecord record) {
        boolean is(StoredRecord other) {
            return record == null || PartitionComparison.areEqual(record, other);
        }
    }

    /** Whether its offsets are the same in both, so that nobody has to count. */
    private Mono<Boolean> isWhereItWas(Last last) {
        if (source.start() > 0 || had > source.durable()) {
            return Mono.just(false);
        }
        return records(from, had - 1, had)
                .next()
                .map(record -> record.offset() == had - 1 && last.is(record))
                .defaultIfEmpty(false);
    }

    /** By counting, as something was compacted or deleted. */
    private Mono<Long> behind(Last last) {
        return records(from, source.start(), source.durable())
                .skip(had - 1)
                .next()
                .filter(last::is)
                .map(record -> record.offset() + 1)
                .switchIfEmpty(Mono.error(() -> new LevadaException(
                        ErrorCode.INVALID_REQUEST,
                        partition + " has " + had
                                + " records at the target which are not the first that the source has: others"
                                + " published there, or the source has deleted some since. Delete the topic there, or"
                                + " copy to another log")));
    }

    /**
     * Reads both once it is copied, and compares them, record for record. Blocks.
     *
     * @param wanted offsets of the source whose places at the target are asked for
     * @param compared called for each record of the source
     * @throws LevadaException with {@link ErrorCode#CORRUPT_MESSAGE} where they differ
     */
    PartitionComparison.Checked check(Set<Long> wanted, Runnable compared) {
        TopicDescription topic = to.blocking().describeTopic(partition.topic());
        PartitionDescription there = topic.partitions().get(partition.partition());
        try (BlockingRecords ours = blocking(from, source.start(), source.durable());
                BlockingRecords theirs = blocking(to, there.start(), there.durable())) {
            PartitionComparison comparison =
                    new PartitionComparison(partition, theirs.iterator(), there.start(), isCompacted(topic), wanted);
            for (StoredRecord record : ours) {
                comparison.take(record);
                compared.run();
            }
            return comparison.end();
        }
    }

    private static boolean isCompacted(TopicDescription topic) {
        return topic.config().getOrDefault("cleanup.policy", "").contains("compact");
    }

    private BlockingRecords blocking(Levada log, long start, long end) {
        return log.blocking().read(spec(start, end));
    }
}
