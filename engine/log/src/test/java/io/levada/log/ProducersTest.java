package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.log.Checkpoint.Producer;
import io.levada.log.Checkpoint.Run;
import io.levada.log.Group.Append;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProducersTest {
    private static final long ID = 7;

    private final List<Object> answers = new ArrayList<>();
    private final LevadaException failure = new LevadaException(ErrorCode.STORAGE_FULL, "full");
    private final ProducerEpochs epochs = new ProducerEpochs();
    private Producers producers = new Producers(List.of(), epochs);
    private long end;

    private static Append append(long id, int epoch, int sequence, int count) {
        ByteBuf batch = Batches.of(Batches.UNTRACKED, Compression.NONE, 5, Collections.nCopies(count, "v"));
        RecordBatch.setProducer(batch, id, (short) epoch, sequence);
        return new Append(batch, PartitionLog.ANY_OFFSET, (offset, error) -> {});
    }

    private void tell(Append append, long offset, @Nullable LevadaException error) {
        answers.add(error == null ? offset : error.code());
    }

    /** Offers records; whether they were new, and then are in flight. */
    private boolean offer(long id, int epoch, int sequence, int count) {
        Append append = append(id, epoch, sequence, count);
        boolean isNew = producers.isNew(append, this::tell);
        if (isNew) {
            producers.appending(append.batch(), end);
            end += count;
        }
        return isNew;
    }

    private boolean offer(int sequence, int count) {
        return offer(ID, 0, sequence, count);
    }

    private void durable() {
        producers.durable(end, 1_000, this::tell);
    }

    private List<Object> answers() {
        List<Object> told = List.copyOf(answers);
        answers.clear();
        return told;
    }

    @Test
    void a_batch_that_follows_is_new_and_one_that_was_durable_is_answered_with_its_first_offset() {
        assertTrue(offer(0, 3));
        assertTrue(offer(3, 2));
        durable();
        assertFalse(offer(0, 3));
        assertFalse(offer(3, 2));
        assertFalse(offer(1, 1));
        assertEquals(List.of(0L, 3L, 1L), answers());
        assertTrue(offer(5, 1));
    }

    @Test
    void a_repeat_of_what_is_in_flight_waits_for_the_original() {
        offer(0, 3);
        offer(3, 1);
        assertFalse(offer(0, 3));
        assertFalse(offer(3, 1));
        assertEquals(List.of(), answers());
        producers.durable(3, 1_000, this::tell);
        assertEquals(List.of(0L), answers());
        producers.cutTo(3, failure, this::tell);
        assertEquals(List.of(ErrorCode.STORAGE_FULL), answers());
        end = 3;
        assertTrue(offer(3, 1), "what failed is new again");
    }

    @Test
    void a_gap_an_unknown_producer_and_an_overlap_are_refused() {
        assertFalse(offer(1, 1));
        assertEquals(List.of(ErrorCode.UNKNOWN_PRODUCER_ID), answers());
        offer(0, 2);
        durable();
        assertFalse(offer(3, 1));
        assertFalse(offer(1, 2));
        assertEquals(
                List.of(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER), answers());
        offer(2, 1);
        producers.cutTo(2, failure, this::tell);
        assertFalse(offer(3, 1));
        assertEquals(List.of(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER), answers());
    }

    @Test
    void a_higher_epoch_starts_at_zero_and_fences_the_lower_ones() {
        offer(0, 2);
        durable();
        assertFalse(offer(ID, 2, 1, 1));
        assertTrue(offer(ID, 2, 0, 1));
        assertFalse(offer(ID, 1, 0, 1));
        assertFalse(offer(ID, 0, 0, 2));
        assertEquals(
                List.of(
                        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                        ErrorCode.INVALID_PRODUCER_EPOCH,
                        ErrorCode.INVALID_PRODUCER_EPOCH),
                answers());
        producers.cutTo(2, failure, this::tell);
        end = 2;
        assertFalse(offer(ID, 0, 0, 2), "the new epoch failed: the old one is the last again");
        assertEquals(List.of(0L), answers());
        assertTrue(offer(ID, 2, 0, 1));
        durable();
        assertEquals(List.of(new Producer(ID, (short) 2, 1_000, List.of(new Run(0, 2, 1)))), producers.checkpoint());
    }

    @Test
    void runs_are_merged_where_nobody_came_in_between_and_survive_a_checkpoint() {
        offer(0, 2);
        offer(2, 3);
        offer(8, 0, 0, 1);
        offer(5, 1);
        durable();
        offer(6, 4); // in flight: not in the checkpoint
        List<Producer> saved = producers.checkpoint();
        assertEquals(
                List.of(
                        new Producer(8, (short) 0, 1_000, List.of(new Run(0, 5, 1))),
                        new Producer(ID, (short) 0, 1_000, List.of(new Run(0, 0, 5), new Run(5, 6, 1)))),
                saved);
        producers = new Producers(saved);
        assertFalse(offer(2, 3));
        assertFalse(offer(5, 1));
        assertFalse(offer(4, 2), "not one batch of before");
        assertEquals(List.of(2L, 6L, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER), answers());
        assertTrue(offer(6, 4));
    }

    @Test
    void sequences_go_on_at_zero_behind_the_largest() {
        int most = Integer.MAX_VALUE;
        producers = new Producers(List.of(new Producer(ID, (short) 0, 0, List.of(new Run(most - 4, 0, 3)))));
        end = 3;
        assertTrue(offer(most - 1, 4));
        durable();
        assertFalse(offer(most - 1, 4));
        assertFalse(offer(most - 4, 3));
        assertFalse(offer(0, 1));
        assertEquals(List.of(3L, 0L, 5L), answers());
        assertTrue(offer(2, 1));
        assertFalse(offer(5, 1));
        assertEquals(List.of(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER), answers());
    }

    @Test
    void the_last_256_runs_of_a_producer_are_known_and_older_ones_are_told_from_repeats() {
        for (int i = 0; i <= Producers.MAX_RUNS; i++) {
            offer(i, 1);
            offer(8, 0, i, 1);
        }
        durable();
        assertFalse(offer(1, 1));
        assertFalse(offer(0, 1));
        assertEquals(List.of(2L, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER), answers());
    }

    @Test
    void a_producer_is_forgotten_seven_days_after_its_last_append() {
        offer(0, 1);
        durable();
        offer(8, 0, 0, 1);
        producers.durable(end, 1_000 + Producers.KEPT_MS, this::tell);
        assertFalse(offer(0, 1));
        offer(8, 0, 1, 1);
        producers.durable(end, 1_001 + Producers.KEPT_MS, this::tell);
        offer(8, 0, 2, 1);
        producers.durable(end, 1_001 + Producers.KEPT_MS, this::tell);
        assertFalse(offer(1, 1));
        assertEquals(List.of(0L, ErrorCode.UNKNOWN_PRODUCER_ID), answers());
    }

    @Test
    void of_too_many_producers_the_one_unused_for_longest_is_forgotten() {
        for (int id = 0; id <= Producers.MAX_PRODUCERS; id++) {
            offer(id, 0, 0, 1);
            durable();
        }
        assertFalse(offer(0, 0, 1, 1));
        assertFalse(offer(1, 0, 0, 1));
        assertEquals(List.of(ErrorCode.UNKNOWN_PRODUCER_ID, 1L), answers());
        assertEquals(Producers.MAX_PRODUCERS, producers.checkpoint().size());
    }
}
