package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.delivery.DeliveryLimits;
import io.levada.groups.GroupConfig;
import io.levada.log.LogConfig;
import io.levada.protocol.Limits;

/**
 * What an engine may use and what it takes. Immutable.
 *
 * @param limits what records and batches may measure
 * @param log how the log works
 * @param delivery what reading may use
 * @param writerBatches default 256, batches that one writer may have unacknowledged, 1 to 65,536. Enough to keep the log
 *     busy over one force, few enough that a thousand writers do not fill the memory
 * @param writerBytes default 8 MiB, bytes of those batches, at least {@link Limits#maxBatchBytes}, to 1 GiB; the last
 *     batch may go beyond
 * @param writerLoops default 1, threads that acknowledge, 1 to 64
 * @param groups the times of the group protocol
 */
public record EngineConfig(
        Limits limits,
        LogConfig log,
        DeliveryLimits delivery,
        int writerBatches,
        long writerBytes,
        int writerLoops,
        GroupConfig groups) {
    private static final int JOURNAL_OVERHEAD_BYTES = 4 << 10;

    public EngineConfig {
        require(writerBatches >= 1 && writerBatches <= 65_536, "writerBatches: 1 to 65536");
        require(
                writerBytes >= limits.maxBatchBytes() && writerBytes <= 1 << 30,
                "writerBytes: at least maxBatchBytes, at most 1 GiB");
        require(writerLoops >= 1 && writerLoops <= 64, "writerLoops: 1 to 64");
        require(
                limits.maxBatchBytes() <= log.journalFileBytes() - JOURNAL_OVERHEAD_BYTES,
                "maxBatchBytes: a batch must fit a journal file");
    }

    /**
     * What fits a store by its address, {@code memory:} or {@code file:DIR}.
     *
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} for another address
     */
    public static EngineConfig defaultsFor(String address) {
        return StoreAddress.parse(address).defaults();
    }

    /** For a log on disk. */
    public static EngineConfig defaults() {
        return new EngineConfig(
                Limits.DEFAULT,
                LogConfig.defaults(),
                DeliveryLimits.defaults(),
                256,
                8 << 20,
                1,
                GroupConfig.defaults());
    }

    /** For a log in memory. */
    public static EngineConfig memory() {
        return defaults().withLog(LogConfig.memory());
    }

    public EngineConfig withLimits(Limits value) {
        return new EngineConfig(value, log, delivery, writerBatches, writerBytes, writerLoops, groups);
    }

    public EngineConfig withLog(LogConfig value) {
        return new EngineConfig(limits, value, delivery, writerBatches, writerBytes, writerLoops, groups);
    }

    public EngineConfig withDelivery(DeliveryLimits value) {
        return new EngineConfig(limits, log, value, writerBatches, writerBytes, writerLoops, groups);
    }

    public EngineConfig withWriterCredit(int batches, long bytes) {
        return new EngineConfig(limits, log, delivery, batches, bytes, writerLoops, groups);
    }

    public EngineConfig withGroups(GroupConfig value) {
        return new EngineConfig(limits, log, delivery, writerBatches, writerBytes, writerLoops, value);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, what);
        }
    }
}
