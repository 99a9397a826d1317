package io.levada;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * What a caller may set when opening a log. Immutable.
 *
 * @param callbacks where users' callbacks run; they may block there, each on a thread of its own, so give a scheduler with
 *     more threads where more of them block at a time (the default has ten for each processor)
 * @param publishWindowRecords most records in flight for one {@code publish} stream, 1 to 1,000,000
 * @param batchBytes encoded size at which a batch is sent without waiting for more, 1 KiB to 1 MiB
 * @param readWindowBytes most bytes held for one subscription, 64 KiB to 1 GiB
 * @param compression codec of the batches published
 * @param connectTimeout how long opening a remote address, and a single request, may take
 * @param reconnectTimeout how long streams to a remote address outlive their connection, to go on on another one: they try
 *     again after 100 ms first, then ever more rarely, at least every 10 s, members of groups
 *     every second; zero to fail at once instead
 * @param producerName who publishes, 1 to 200 of A-Z a-z 0-9 . _ -, or null: of all streams under one name, in whatever
 *     process, only the one that began last publishes; those before it fail with {@link
 *     ErrorCode#INVALID_PRODUCER_EPOCH} at their next record, whichever topic or partition it is for
 * @param tokenFile a file with the bearer token for remote addresses
 */
public record LevadaOptions(
        Scheduler callbacks,
        int publishWindowRecords,
        int batchBytes,
        int readWindowBytes,
        Compression compression,
        Duration connectTimeout,
        Duration reconnectTimeout,
        @Nullable String producerName,
        @Nullable String tokenFile) {

    public LevadaOptions {
        require(publishWindowRecords >= 1 && publishWindowRecords <= 1_000_000, "publishWindowRecords: 1 to 1000000");
        require(batchBytes >= 1 << 10 && batchBytes <= 1 << 20, "batchBytes: 1 KiB to 1 MiB");
        require(readWindowBytes >= 1 << 16 && readWindowBytes <= 1 << 30, "readWindowBytes: 64 KiB to 1 GiB");
        require(!connectTimeout.isNegative() && !connectTimeout.isZero(), "connectTimeout: above zero");
        require(!reconnectTimeout.isNegative(), "reconnectTimeout: zero or above");
        require(
                producerName == null || TopicSpec.isName(producerName),
                "producerName: 1 to 200 of A-Z a-z 0-9 . _ -, not . or ..");
    }

    public static LevadaOptions defaults() {
        return new LevadaOptions(
                Schedulers.boundedElastic(),
                16_384,
                64 << 10,
                4 << 20,
                Compression.NONE,
                Duration.ofSeconds(10),
                Duration.ofMinutes(2),
                null,
                null);
    }

    public LevadaOptions withCallbacks(Scheduler value) {
        return new LevadaOptions(
                value,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                tokenFile);
    }

    public LevadaOptions withPublishWindowRecords(int value) {
        return new LevadaOptions(
                callbacks,
                value,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                tokenFile);
    }

    public LevadaOptions withBatchBytes(int value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                value,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                tokenFile);
    }

    public LevadaOptions withReadWindowBytes(int value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                value,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                tokenFile);
    }

    public LevadaOptions withCompression(Compression value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                value,
                connectTimeout,
                reconnectTimeout,
                producerName,
                tokenFile);
    }

    public LevadaOptions withConnectTimeout(Duration value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                value,
                reconnectTimeout,
                producerName,
                tokenFile);
    }

    public LevadaOptions withReconnectTimeout(Duration value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                value,
                producerName,
                tokenFile);
    }

    public LevadaOptions withProducerName(@Nullable String value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                value,
                tokenFile);
    }

    public LevadaOptions withTokenFile(@Nullable String value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                value);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, what);
        }
    }
}
