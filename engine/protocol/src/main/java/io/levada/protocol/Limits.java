package io.levada.protocol;

import io.levada.ErrorCode;
import io.levada.LevadaException;

/**
 * What records, batches and messages may measure. Lengths on the wire are held against these before anything is
 * allocated for them. Immutable.
 *
 * @param maxRecordBytes default 1 MiB, bytes of one encoded record with its length prefix, 1 KiB to 512 MiB. Kafka's
 *     default as well; a reader's window must hold one record beyond its bytes, so this is also what a slow reader costs
 * @param maxBatchBytes default 4 MiB, bytes of one batch as stored, header included, up to 1 GiB. Holds the largest
 *     record behind a nearly full batch of the largest size that a publisher may choose, and stays far below the 16 MiB
 *     at which RSocket needs fragments
 * @param maxInflatedBytes default 16 MiB, bytes of one batch's records once inflated, up to 1 GiB. What one small hostile
 *     batch may cost the reader's memory
 * @param maxHeaders default 1,000, headers of one record. Each becomes an object with the reader
 * @param maxJsonBytes default 64 KiB, bytes of JSON in one message. Holds a subscription to a few hundred topics
 */
public record Limits(int maxRecordBytes, int maxBatchBytes, int maxInflatedBytes, int maxHeaders, int maxJsonBytes) {
    public static final Limits DEFAULT = new Limits(1 << 20, 4 << 20, 16 << 20, 1_000, 64 << 10);

    public Limits {
        require(maxRecordBytes >= 1 << 10 && maxRecordBytes <= 512 << 20, "maxRecordBytes: 1 KiB to 512 MiB");
        require(
                maxBatchBytes >= maxRecordBytes + RecordBatch.HEADER_BYTES && maxBatchBytes <= 1 << 30,
                "maxBatchBytes: at least maxRecordBytes and a batch header, at most 1 GiB");
        require(
                maxInflatedBytes >= maxBatchBytes && maxInflatedBytes <= 1 << 30,
                "maxInflatedBytes: at least maxBatchBytes, at most 1 GiB");
        require(maxHeaders >= 0, "maxHeaders: 0 or more");
        require(maxJsonBytes >= 1 << 10, "maxJsonBytes: 1 KiB or more");
    }

    public Limits withMaxRecordBytes(int bytes) {
        return new Limits(bytes, maxBatchBytes, maxInflatedBytes, maxHeaders, maxJsonBytes);
    }

    public Limits withMaxBatchBytes(int bytes) {
        return new Limits(maxRecordBytes, bytes, maxInflatedBytes, maxHeaders, maxJsonBytes);
    }

    public Limits withMaxInflatedBytes(int bytes) {
        return new Limits(maxRecordBytes, maxBatchBytes, bytes, maxHeaders, maxJsonBytes);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, what);
        }
    }
}
