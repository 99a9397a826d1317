package io.levada.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicSettingsTest {
    private static final int SEGMENT_BYTES = 1 << 20;

    private static TopicSettings of(String... keysAndValues) {
        return TopicSettings.of(map(keysAndValues), SEGMENT_BYTES);
    }

    private static Map<String, String> map(String... keysAndValues) {
        return keysAndValues.length == 0
                ? Map.of()
                : keysAndValues.length == 2
                        ? Map.of(keysAndValues[0], keysAndValues[1])
                        : Map.of(keysAndValues[0], keysAndValues[1], keysAndValues[2], keysAndValues[3]);
    }

    @Test
    void every_default_is_as_documented() {
        assertEquals(
                Map.of(
                        "cleanup.policy", "delete",
                        "durability", "fsync",
                        "retention.bytes", "-1",
                        "retention.ms", "604800000",
                        "segment.bytes", "1048576"),
                of().spelled());
        assertEquals(
                Map.of(
                        "cleanup.policy", "compact",
                        "durability", "fsync",
                        "retention.bytes", "-1",
                        "retention.ms", "604800000",
                        "segment.bytes", "1048576",
                        "delete.retention.ms", "86400000",
                        "max.compaction.lag.ms", "86400000",
                        "min.cleanable.dirty.ratio", "0.5"),
                of("cleanup.policy", "compact").spelled());
    }

    @Test
    void settings_are_spelled_as_they_can_be_given() {
        TopicSettings settings = of("cleanup.policy", " delete, compact", "retention.ms", "-1");

        assertTrue(settings.delete() && settings.compact());
        assertEquals("compact,delete", settings.spelled().get("cleanup.policy"));
        assertEquals(settings, TopicSettings.of(settings.spelled(), 4096));
    }

    @Test
    void a_value_that_does_not_fit_is_named() {
        String[][] wrong = {
            {"colour", "red"},
            {"retention.ms", "7d"},
            {"retention.ms", "999"},
            {"retention.ms", "-2"},
            {"retention.bytes", "-5"},
            {"retention.bytes", "99999999999999999999"},
            {"segment.bytes", "4095"},
            {"segment.bytes", "-1"},
            {"cleanup.policy", ""},
            {"cleanup.policy", "compact,"},
            {"cleanup.policy", "keep"},
            {"delete.retention.ms", "-1"},
            {"min.cleanable.dirty.ratio", "1.1"},
            {"min.cleanable.dirty.ratio", "NaN"},
            {"max.compaction.lag.ms", "0"},
            {"durability", "FSYNC"},
        };
        for (String[] setting : wrong) {
            LevadaException e = assertThrows(LevadaException.class, () -> of(setting), setting[0] + "=" + setting[1]);
            assertEquals(ErrorCode.INVALID_CONFIG, e.code());
            assertTrue(e.line().contains(setting[0]), e.line());
        }
    }

    @Test
    void changes_leave_the_rest_alone_and_durability_stays() {
        Map<String, String> before = map("retention.ms", "5000", "durability", "os");

        assertEquals(
                Map.of("retention.ms", "6000", "durability", "os", "segment.bytes", "5000"),
                TopicSettings.changed(before, map("retention.ms", "6000", "segment.bytes", "5000"), SEGMENT_BYTES));
        assertEquals(before, TopicSettings.changed(before, map("durability", "os"), SEGMENT_BYTES));
        LevadaException e = assertThrows(
                LevadaException.class, () -> TopicSettings.changed(before, map("durability", "fsync"), SEGMENT_BYTES));
        assertEquals(ErrorCode.INVALID_CONFIG, e.code());
    }
}
