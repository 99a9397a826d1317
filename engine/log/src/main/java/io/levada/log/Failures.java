package io.levada.log;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.env.DiskFullException;
import java.io.IOException;

/** The log's errors, each in one wording. */
final class Failures {
    private Failures() {}

    /** What an I/O failure is to callers: STORAGE_FULL or STORAGE_FAILED. */
    static LevadaException storage(String what, IOException failure) {
        return failure instanceof DiskFullException
                ? new LevadaException(
                        ErrorCode.STORAGE_FULL, what + ": no space is left; make room and try again", failure)
                : new LevadaException(
                        ErrorCode.STORAGE_FAILED,
                        what + " failed (" + failure + "); mend the disk and restart",
                        failure);
    }

    static LevadaException closed() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the log is being closed");
    }

    static LevadaException unknownTopic(String topic) {
        return new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic " + topic);
    }

    static LevadaException corrupt(String what) {
        return new LevadaException(ErrorCode.CORRUPT_MESSAGE, what);
    }
}
