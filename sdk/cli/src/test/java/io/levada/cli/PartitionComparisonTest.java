package io.levada.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.TopicPartition;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PartitionComparisonTest {
    private static StoredRecord record(long offset, String value) {
        return new StoredRecord("t", 0, offset, 7, null, value.getBytes(StandardCharsets.UTF_8), List.of());
    }

    private static PartitionComparison.Checked compare(
            List<StoredRecord> source, List<StoredRecord> target, long targetStart, boolean compacted, Long... wanted) {
        PartitionComparison comparison = new PartitionComparison(
                new TopicPartition("t", 0), target.iterator(), targetStart, compacted, Set.of(wanted));
        source.forEach(comparison::take);
        return comparison.end();
    }

    private static final List<StoredRecord> SOURCE = List.of(record(0, "a"), record(1, "b"), record(2, "c"));

    @Test
    void equal_records_have_one_checksum_and_other_records_another() {
        PartitionComparison.Checked same = compare(SOURCE, SOURCE, 0, false);

        assertEquals(3, same.records());
        assertTrue(same.sameOffsets());
        assertEquals(same.checksum(), compare(SOURCE, SOURCE, 0, false).checksum());
        List<StoredRecord> less = SOURCE.subList(0, 2);
        assertFalse(same.checksum().equals(compare(less, less, 0, false).checksum()));
    }

    @Test
    void what_is_other_lacking_or_too_much_is_told_with_its_offset() {
        List<StoredRecord> other = List.of(record(0, "a"), record(1, "x"), record(2, "c"));
        List<StoredRecord> lacking = List.of(record(0, "a"), record(2, "c"));
        List<StoredRecord> more = List.of(record(0, "a"), record(1, "b"), record(2, "c"), record(3, "d"));

        for (Map.Entry<List<StoredRecord>, Integer> each :
                Map.of(other, 1, lacking, 1, SOURCE.subList(0, 2), 2, more, 3).entrySet()) {
            LevadaException told = assertThrows(LevadaException.class, () -> compare(SOURCE, each.getKey(), 0, false));
            assertTrue(
                    told.line().startsWith("CORRUPT_MESSAGE: t-0 differs at the target's offset " + each.getValue()),
                    told::line);
        }
    }

    @Test
    void a_compacted_copy_may_lack_some_and_one_with_retention_the_first() {
        assertEquals(
                3,
                compare(SOURCE, List.of(record(0, "a"), record(2, "c")), 0, true)
                        .records());
        assertEquals(3, compare(SOURCE, SOURCE.subList(2, 3), 2, false).records());
        assertThrows(LevadaException.class, () -> compare(SOURCE, List.of(record(0, "a"), record(2, "x")), 0, true));
    }

    @Test
    void places_are_counted_where_offsets_have_gaps() {
        List<StoredRecord> source = List.of(record(5, "a"), record(9, "b"), record(10, "c"));

        PartitionComparison.Checked checked = compare(source, SOURCE, 0, false, 5L, 7L, 9L, 10L, 11L);

        assertFalse(checked.sameOffsets());
        assertEquals(Map.of(5L, 0L, 7L, 1L, 9L, 1L, 10L, 2L, 11L, 3L), checked.places());
    }
}
