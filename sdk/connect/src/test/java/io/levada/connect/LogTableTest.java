package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogTableTest {
    private final Levada levada = Levada.open("memory:");
    private final List<LogTable> open = new ArrayList<>();
    private final List<String> heard = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        open.forEach(LogTable::close);
        levada.close();
    }

    private LogTable table() {
        LogTable table = new LogTable(
                levada,
                "table",
                (key, value) ->
                        heard.add(key + "=" + (value == null ? "" : new String(value, StandardCharsets.UTF_8))));
        open.add(table);
        table.start();
        return table;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void put(LogTable table, String key, @Nullable String value) throws Exception {
        Map<String, byte @Nullable []> changes = new HashMap<>();
        changes.put(key, value == null ? null : bytes(value));
        table.put(changes).get();
    }

    @Test
    void what_was_put_is_there_at_once_and_in_every_other_table() throws Exception {
        LogTable one = table();
        LogTable other = table();
        put(one, "a", "1");
        assertArrayEquals(bytes("1"), one.get("a"));
        Await.until("followed", () -> other.get("a") != null);

        put(other, "a", null);
        assertNull(other.get("a"));
        one.refresh();
        assertNull(one.get("a"));
        assertEquals(List.of("a=1", "a=1", "a=", "a="), heard);
    }

    @Test
    void a_later_table_has_the_latest_of_each_key() throws Exception {
        LogTable first = table();
        put(first, "a", "1");
        put(first, "b", "2");
        put(first, "a", "3");

        LogTable later = table();
        assertEquals(List.of("a", "b"), List.copyOf(later.snapshot().keySet()));
        assertArrayEquals(bytes("3"), later.get("a"));
    }

    @Test
    void of_two_changes_from_the_same_place_one_is_made() {
        LogTable one = table();
        LogTable other = table();
        long place = one.place();
        assertEquals(place, other.place());
        assertTrue(one.putIfUnchanged(place, "a", bytes("1")));
        assertFalse(other.putIfUnchanged(place, "a", bytes("2")));

        other.refresh();
        assertTrue(other.putIfUnchanged(other.place(), "a", bytes("2")));
        one.refresh();
        assertArrayEquals(bytes("2"), one.get("a"));
    }

    /** As after compaction, or where records were deleted: the end is not behind a record. */
    @Test
    void a_place_is_the_end_of_the_log_whether_a_record_is_there_or_not() throws Exception {
        LogTable before = table();
        put(before, "a", "1");
        put(before, "a", null);
        levada.blocking().deleteRecords("table", 0, 2);

        LogTable after = table();
        assertEquals(2, after.place());
        assertTrue(after.putIfUnchanged(2, "b", bytes("2")));
        assertArrayEquals(bytes("2"), after.get("b"));
    }
}
