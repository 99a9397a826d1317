package io.levada.benchmarks;

import io.levada.Compression;
import io.levada.env.Env;
import io.levada.env.RealClock;
import io.levada.env.RealDisk;
import io.levada.env.RealRandomness;
import io.levada.env.RealScheduler;
import io.levada.log.LogConfig;
import io.levada.log.LogStore;
import io.levada.log.PartitionLog;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A log in a directory of its own, with one topic. */
final class LogUnderTest implements AutoCloseable {
    private static final String TOPIC = "bench";

    private final RealScheduler scheduler = new RealScheduler("bench");
    private final CountingDisk disk;
    private final LogStore store;
    private final List<PartitionLog> partitions;

    LogUnderTest(Path directory, int partitions, Map<String, String> settings) throws IOException {
        disk = new CountingDisk(RealDisk.at(directory));
        store = LogStore.open(new Env(disk, new RealClock(), new RealRandomness(), scheduler), LogConfig.defaults());
        this.partitions = store.createTopic(TOPIC, partitions, settings).partitions();
    }

    List<PartitionLog> partitions() {
        return partitions;
    }

    long forces() {
        return disk.journalForces();
    }

    @Override
    public void close() {
        store.close();
        scheduler.close();
    }

    /** A batch of equal records, as a publisher would send it; to be released. */
    static ByteBuf batch(int records, int recordBytes) {
        byte[] value = new byte[recordBytes];
        for (int i = 0; i < recordBytes; i++) {
            value[i] = (byte) ('a' + i % 26);
        }
        try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
            for (int i = 0; i < records; i++) {
                builder.append(1_000, null, value, List.of());
            }
            return builder.build();
        }
    }
}
