package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.levada.protocol.RecordCursor;

/** What the streams that decode have in common. */
final class Records {
    private Records() {}

    static StoredRecord stored(String topic, int partition, RecordCursor record) {
        return new StoredRecord(
                topic,
                partition,
                record.offset(),
                record.timestampMs(),
                record.key(),
                record.value(),
                record.headers());
    }

    static LevadaException gone(String topic, int partition, long from, long to) {
        return new LevadaException(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offsets " + from + " to " + (to - 1) + " of " + topic + "-" + partition
                        + " are gone before they were read; go on from offset:" + to);
    }
}
