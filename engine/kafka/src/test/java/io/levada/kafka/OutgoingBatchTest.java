package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.kafka.OutgoingBatch.Run;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.NotEnoughReplicasAfterAppendException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of a batch by what its records are answered with. */
final class OutgoingBatchTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 3);

    private final List<List<Run>> told = new ArrayList<>();
    private @Nullable LevadaException error;
    private final OutgoingBatch batch = batch();

    private OutgoingBatch batch() {
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            builder.append(1, null, new byte[] {1}, List.of());
            return new OutgoingBatch(PARTITION, 7, builder.build(), (sent, runs, why) -> {
                told.add(List.copyOf(runs));
                error = why;
            });
        }
    }

    @AfterEach
    void release() {
        batch.release();
    }

    private void answered(long... offsets) {
        for (long offset : offsets) {
            batch.onCompletion(new RecordMetadata(PARTITION, offset, 0, 1, 0, 0), null);
        }
    }

    @Test
    void offsets_that_follow_each_other_are_one_run() {
        batch.begin(3);
        answered(10, 11);
        assertEquals(List.of(), told); // not before all are
        answered(12);
        assertEquals(List.of(List.of(new Run(10, 3))), told);
        assertNull(error);
    }

    @Test
    void where_others_records_stand_between_there_is_a_run_for_each_stretch() {
        batch.begin(5);
        answered(0, 1, 5, 9, 10);
        assertEquals(List.of(List.of(new Run(0, 2), new Run(5, 1), new Run(9, 2))), told);
        assertNull(error);
    }

    @Test
    void a_failure_is_told_once_whatever_follows() {
        batch.begin(3);
        answered(0);
        batch.onCompletion(null, new RecordTooLargeException("too large"));
        batch.onCompletion(null, new TimeoutException("late"));
        answered(1);
        assertEquals(1, told.size());
        assertEquals(ErrorCode.MESSAGE_TOO_LARGE, code());
    }

    @Test
    void records_without_offsets_are_there_nobody_knows_where() {
        batch.begin(1);
        answered(-1);
        assertEquals(ErrorCode.OUTCOME_UNKNOWN, code());
        assertEquals(1, told.size());
    }

    static List<Exception> unanswered() {
        return List.of(
                new TimeoutException("no answer"),
                new NotEnoughReplicasAfterAppendException("appended"),
                new OutOfOrderSequenceException("which"));
    }

    @ParameterizedTest
    @MethodSource("unanswered")
    void what_was_tried_and_not_answered_may_be_there(Exception why) {
        batch.begin(1);
        batch.onCompletion(null, why);
        assertEquals(ErrorCode.OUTCOME_UNKNOWN, code());
    }

    /** The control: what was refused is not there. */
    @Test
    void what_was_refused_says_why() {
        batch.begin(1);
        batch.onCompletion(null, new TopicAuthorizationException("t"));
        assertEquals(ErrorCode.TOPIC_AUTHORIZATION_FAILED, code());
    }

    private @Nullable ErrorCode code() {
        LevadaException why = error;
        return why == null ? null : why.code();
    }
}
