package io.levada.cli;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicPartition;
import java.util.Arrays;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One partition on its way to another log. There it begins at offset 0, and what is there already has to be the first of its records:
 * then it goes on behind them. As each record is published at the offset at which it has to come to be, none is there twice,
 * whatever interrupts it.
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
            Levada from, Levada to, TopicPartition partition, PartitionDescription source, PartitionDescription target) {
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
        return next().flatMapMany(next -> next >= source.durable()
                ? Flux.empty()
                : to.publishAt(
                                partition.topic(),
                                partition.partition(),
                                had,
                                records(from, next, source.durable()).map(PartitionCopy::unplaced))
                        .map(ack -> ack.offset()));
    }

    private static Record unplaced(StoredRecord record) {
        return new Record(
                record.key(), record.value(), record.headers(), record.timestampMs(), Record.ANY_PARTITION);
    }

    private Flux<StoredRecord> records(Levada log, long start, long end) {
        return log.read(ReadSpec.of(partition.topic())
                .partition(partition.partition())
                .from(Position.offset(start))
                .to(End.offset(end)));
    }

    /** The source's offset behind the last record that is there. */
    private Mono<Long> next() {
        if (had == 0) {
            return Mono.just(source.start());
        }
        Mono<Last> last = hadStart == had
                ? Mono.just(new Last(null)) // its retention has deleted all of it
                : records(to, had - 1, had).next().map(Last::new);
        return last.flatMap(known -> isWhereItWas(known)
                .flatMap(is -> is ? Mono.just(had) : behind(known)));
    }

    /** The last record of the target, or null where that is not kept. */
    private record Last(@Nullable StoredRecord record) {
        boolean is(StoredRecord other) {
            return record == null
                    || (record.timestampMs() == other.timestampMs()
                            && Arrays.equals(record.key(), other.key())
                            && Arrays.equals(record.value(), other.value())
                            && record.headers().equals(other.headers()));
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
                        partition + " has " + had + " records at the target which are not the first that the source has: others"
                                + " published there, or the source has deleted some since. Delete the topic there, or"
                                + " copy to another log")));
    }

    /**
     * What both have.
     *
     * @param sameOffsets whether each record has the offset that it had
     * @param places the target's offsets for those of the source that were asked for
     */
    record Checked(
            TopicPartition partition,
            long records,
            String checksum,
            boolean equal,
            boolean sameOffsets,
            NavigableMap<Long, Long> places) {}

    /**
     * Reads both once it is copied, and compares.
     *
     * @param wanted offsets of the source whose places at the target are asked for
     */
    Mono<Checked> check(Iterable<Long> wanted) {
        return to.topics().describe(partition.topic()).flatMap(topic -> {
            PartitionDescription there = topic.partitions().get(partition.partition());
            Counted counted = new Counted(wanted, there.start());
            RecordDigest copied = new RecordDigest();
            Mono<Void> sources = atMost() == 0
                    ? Mono.empty()
                    : records(from, source.start(), source.durable())
                            .doOnNext(counted::take)
                            .then();
            Mono<Void> copies = there.start() == there.durable()
                    ? Mono.empty()
                    : records(to, there.start(), there.durable())
                            .doOnNext(copied::add)
                            .then();
            return sources.then(copies).then(Mono.fromSupplier(() -> counted.checked(copied)));
        });
    }

    /** The source's records, as they are counted. */
    private final class Counted {
        private final TreeSet<Long> open = new TreeSet<>();
        private final NavigableMap<Long, Long> places = new TreeMap<>();
        private final RecordDigest digest = new RecordDigest();
        private final long skipped;
        private long count;
        private boolean sameOffsets = true;

        /** @param skipped records that the target keeps no more */
        Counted(Iterable<Long> wanted, long skipped) {
            wanted.forEach(open::add);
            this.skipped = skipped;
        }

        void take(StoredRecord record) {
            while (!open.isEmpty() && open.first() <= record.offset()) {
                places.put(open.pollFirst(), count);
            }
            sameOffsets &= record.offset() == count;
            if (count++ >= skipped) {
                digest.add(record);
            }
        }

        Checked checked(RecordDigest copied) {
            open.forEach(offset -> places.put(offset, count));
            return new Checked(
                    partition,
                    count,
                    copied.checksum(),
                    digest.count() == copied.count() && digest.checksum().equals(copied.checksum()),
                    sameOffsets,
                    places);
        }
    }
}
