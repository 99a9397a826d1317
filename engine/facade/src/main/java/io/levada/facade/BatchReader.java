package io.levada.facade;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The reading end of a stream of batches. Safe for any thread. */
public interface BatchReader {
    /**
     * Permits so many records and bytes more; both are above or equal to 0, and sums saturate at {@link Long#MAX_VALUE}.
     * Records delivered never exceed the records permitted; bytes exceed the bytes permitted by less than one record
     * with the header of its batch. A batch takes as many bytes of the credit as the buffer handed over has readable,
     * compressed or not.
     */
    void credit(long records, long bytes);

    /** Ends the stream; a call to the sink that is under way may finish, none follows. */
    void cancel();

    /**
     * How it stands; fails with {@link ErrorCode#INVALID_REQUEST} where that is known elsewhere, as of a reader over the
     * network, and with {@link ErrorCode#GOING_AWAY} once the log has closed.
     */
    default CompletionStage<ReaderStatus> status() {
        return CompletableFuture.failedStage(
                new LevadaException(ErrorCode.INVALID_REQUEST, "how a reader stands is known where its log is"));
    }
}
