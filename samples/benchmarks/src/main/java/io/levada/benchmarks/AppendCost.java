package io.levada.benchmarks;

import io.levada.env.Env;
import io.levada.log.LogConfig;
import io.levada.log.LogStore;
import io.levada.log.PartitionLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What appending costs the processor: batches into a log whose disk is memory, with as many unacknowledged as a writer may
 * have. Started by {@code org.openjdk.jmh.Main}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class AppendCost {
    private static final int WINDOW = 256;
    private static final int BATCHES_OF_A_TOPIC = 20_000;

    /** Bytes of a record's value. */
    @Param({"100", "1024"})
    public int recordBytes;

    /** Records of a batch. */
    @Param({"1", "64"})
    public int records;

    /** Partitions, in turns. */
    @Param({"1", "64"})
    public int partitions;

    private final Semaphore window = new Semaphore(WINDOW);
    private final Env env = Env.memory();
    private final LogStore store = LogStore.open(env, LogConfig.memory());
    private List<PartitionLog> logs = List.of();
    private ByteBuf batch = Unpooled.EMPTY_BUFFER;
    private int topic;
    private int appended;

    /** Makes the batch that is appended again and again. */
    @Setup(Level.Trial)
    public void open() {
        batch = LogUnderTest.batch(records, recordBytes);
        logs = store.createTopic(name(), partitions, Map.of()).partitions();
    }

    private String name() {
        return "t" + topic;
    }

    /** One batch. */
    @Benchmark
    public void append() {
        if (++appended % BATCHES_OF_A_TOPIC == 0) {
            beginAnew();
        }
        window.acquireUninterruptibly();
        ByteBuf copy = ByteBufAllocator.DEFAULT.directBuffer(batch.readableBytes());
        copy.writeBytes(batch, 0, batch.readableBytes());
        logs.get(appended % partitions).append(copy, (offset, error) -> window.release());
    }

    /** In another topic, so that memory does not fill. */
    private void beginAnew() {
        settle();
        store.deleteTopic(name());
        topic++;
        logs = store.createTopic(name(), partitions, Map.of()).partitions();
    }

    private void settle() {
        window.acquireUninterruptibly(WINDOW);
        window.release(WINDOW);
    }

    /** Frees the memory. */
    @TearDown(Level.Trial)
    public void close() {
        settle();
        store.close();
        env.scheduler().close();
        batch.release();
    }
}
