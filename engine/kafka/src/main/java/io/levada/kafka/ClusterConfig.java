package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.delivery.DeliveryLimits;
import io.levada.protocol.Limits;
import java.time.Duration;

/**
 * What an engine on a cluster may use and what it takes. Immutable.
 *
 * @param limits what records and batches may measure
 * @param delivery what reading may use; each of its reader loops blocks on a fetcher while it reads for those who are behind
 * @param tailFetchers default 1, threads that fetch what live readers wait for, 1 to 64; a partition is fetched by one of them
 * @param writerBatches default 256, batches that one writer may have unacknowledged, 1 to 65,536
 * @param writerBytes default 8 MiB, bytes of those batches, at least {@link Limits#maxBatchBytes}; the last may go beyond
 * @param publishBytes default 64 MiB, what may be on its way to the brokers for each codec, at least 16 MiB
 * @param members default 256, members of groups, each a client with threads of its own, 1 to 10,000
 * @param grace default 10 s, how long a member stays whose connection broke
 * @param handOver default 10 s, how long a member may take to hand a partition over
 */
public record ClusterConfig(
        Limits limits,
        DeliveryLimits delivery,
        int tailFetchers,
        int writerBatches,
        long writerBytes,
        long publishBytes,
        int members,
        Duration grace,
        Duration handOver) {
    public ClusterConfig {
        require(tailFetchers >= 1 && tailFetchers <= 64, "tailFetchers: 1 to 64");
        require(writerBatches >= 1 && writerBatches <= 65_536, "writerBatches: 1 to 65536");
        require(writerBytes >= limits.maxBatchBytes(), "writerBytes: at least maxBatchBytes");
        require(publishBytes >= 16 << 20, "publishBytes: at least 16 MiB");
        require(members >= 1 && members <= 10_000, "members: 1 to 10000");
        require(!grace.isNegative() && !handOver.isNegative(), "grace, handOver: 0 or more");
    }

    public static ClusterConfig defaults() {
        return new ClusterConfig(
                Limits.DEFAULT,
                DeliveryLimits.defaults(),
                1,
                256,
                8 << 20,
                64 << 20,
                256,
                Duration.ofSeconds(10),
                Duration.ofSeconds(10));
    }

    public ClusterConfig withDelivery(DeliveryLimits value) {
        return new ClusterConfig(
                limits, value, tailFetchers, writerBatches, writerBytes, publishBytes, members, grace, handOver);
    }

    public ClusterConfig withMembers(int value) {
        return new ClusterConfig(
                limits, delivery, tailFetchers, writerBatches, writerBytes, publishBytes, value, grace, handOver);
    }

    public ClusterConfig withTimes(Duration graceTime, Duration handOverTime) {
        return new ClusterConfig(
                limits,
                delivery,
                tailFetchers,
                writerBatches,
                writerBytes,
                publishBytes,
                members,
                graceTime,
                handOverTime);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_CONFIG, what);
        }
    }
}
