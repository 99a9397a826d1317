package io.levada.observation;

import io.levada.Header;
import io.levada.StoredRecord;
import io.micrometer.observation.Observation;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What observations say of themselves, as OpenTelemetry's conventions for messaging name it. */
final class Convention {
    static final String SYSTEM = "levada";

    private Convention() {}

    /** @param operation such as {@code send} */
    static Observation describe(Observation observation, String operation, String topic) {
        return observation
                .contextualName(operation + " " + topic)
                .lowCardinalityKeyValue("messaging.system", SYSTEM)
                .lowCardinalityKeyValue("messaging.operation.name", operation)
                .lowCardinalityKeyValue("messaging.operation.type", operation)
                .lowCardinalityKeyValue("messaging.destination.name", topic);
    }

    static void place(Observation observation, int partition, long offset) {
        observation
                .highCardinalityKeyValue("messaging.destination.partition.id", Integer.toString(partition))
                .highCardinalityKeyValue("messaging.levada.offset", Long.toString(offset));
    }

    static void count(Observation observation, int records) {
        observation.highCardinalityKeyValue("messaging.batch.message_count", Integer.toString(records));
    }

    /** What a record carries under a name; the first where there are several. */
    static @Nullable String carried(StoredRecord record, String key) {
        for (Header header : record.headers()) {
            byte[] value = header.value();
            if (value != null && header.key().equalsIgnoreCase(key)) {
                return new String(value, StandardCharsets.UTF_8);
            }
        }
        return null;
    }
}
