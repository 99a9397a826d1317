package io.levada.connect;

import io.levada.Assignment;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

/** A partition that a consumer owns: where its task is, what is committed, and what is read ahead. For the one that polls. */
final class OwnedPartition {
    private static final Logger log = LoggerFactory.getLogger(OwnedPartition.class);

    private final Levada levada;
    private final Assignment assignment;
    private final String member;
    private final int mostRecords;
    private final Runnable signal;
    private final Disposable hold;
    private final Disposable.Swap watch = Disposables.swap();
    private long position;
    private long committed;
    private boolean paused;
    private @Nullable PartitionReader reader;

    /**
     * Holds the assignment from now on.
     *
     * @param member for messages
     * @param mostRecords most that are read ahead
     * @param signal called when there may be something to take; must not block
     */
    OwnedPartition(Levada levada, Assignment assignment, String member, int mostRecords, Runnable signal) {
        this.levada = levada;
        this.assignment = assignment;
        this.member = member;
        this.mostRecords = mostRecords;
        this.signal = signal;
        this.hold = assignment.hold();
        this.position = assignment.start();
        this.committed = assignment.start();
    }

    /** Has this called when it is this consumer's no longer, unless it was released before. */
    void watch(Runnable ended) {
        AssignmentWatch watching = new AssignmentWatch(why -> ended.run());
        watch.update(watching);
        assignment.deliveries().subscribe(watching);
    }

    /** Lets it go. */
    void release() {
        stopReading();
        hold.dispose();
        watch.dispose();
    }

    private void stopReading() {
        if (reader != null) {
            reader.dispose();
            reader = null;
        }
    }

    /** The next offset to be taken. */
    long position() {
        return position;
    }

    void seek(long offset) {
        stopReading();
        position = offset;
    }

    boolean isPaused() {
        return paused;
    }

    void pause(boolean value) {
        paused = value;
    }

    long committed() {
        return committed;
    }

    Mono<Void> commit(long offset, @Nullable String metadata) {
        return assignment.commit(offset, metadata);
    }

    void committedTo(long offset) {
        committed = offset;
    }

    /** What has come by now, at most so many; nothing while it is paused. */
    List<ConsumerRecord<byte[], byte[]>> take(int room) {
        List<ConsumerRecord<byte[], byte[]>> taken = new ArrayList<>();
        if (paused) {
            return taken;
        }
        PartitionReader from = reader;
        if (from == null) {
            from = read(Position.offset(position));
        }
        for (StoredRecord record : from.take(room)) {
            taken.add(kafka(record));
            position = record.offset() + 1;
        }
        LevadaException error = taken.isEmpty() ? from.error() : null;
        if (error != null) {
            stopReading();
            readOn(error);
        }
        return taken;
    }

    private PartitionReader read(Position from) {
        String topic = assignment.topicPartition().topic();
        int partition = assignment.topicPartition().partition();
        PartitionReader opened = PartitionReader.open(levada, topic, partition, from, mostRecords, signal);
        reader = opened;
        return opened;
    }

    /** What retention has overtaken goes on at the earliest record, as Kafka's consumers do; what is lost is told. */
    private void readOn(LevadaException error) {
        if (error.code() == ErrorCode.OFFSET_OUT_OF_RANGE) {
            log.warn("{}; {} goes on at the earliest record", error.line(), member);
            read(Position.earliest());
        } else if (!error.retriable()) {
            throw KafkaErrors.of(error);
        }
    }

    private static ConsumerRecord<byte[], byte[]> kafka(StoredRecord record) {
        Headers headers = new RecordHeaders();
        record.headers().forEach(header -> headers.add(header.key(), header.value()));
        return new ConsumerRecord<>(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestampMs(),
                TimestampType.CREATE_TIME,
                size(record.key()),
                size(record.value()),
                record.key(),
                record.value(),
                headers,
                Optional.empty());
    }

    private static int size(byte @Nullable [] bytes) {
        return bytes == null ? ConsumerRecord.NULL_SIZE : bytes.length;
    }
}
