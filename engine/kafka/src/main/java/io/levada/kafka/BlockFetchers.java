package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.kafka.ClusterOffsets.Bounds;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * Fetches blocks for readers that are behind by consumers, a bounded number of them for all: what {@link StoredBlocks} leave. One
 * that stands where a block is wanted goes on there, mostly with what it has fetched meanwhile; else the one that was used
 * longest ago moves. Safe for any thread; blocks.
 */
final class BlockFetchers implements AutoCloseable {
    /** How many there are before one leaves its place for another partition; beyond, one for each loop that reads. */
    private static final int MOST = 16;

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Supplier<KafkaConsumer<byte[], byte[]>> consumers;
    private final Limits limits;
    private final Deque<Fetcher> idle = new ArrayDeque<>();
    private final Set<Fetcher> all = new HashSet<>();
    private boolean closed;

    /** @param consumers makes consumers without partitions */
    BlockFetchers(Supplier<KafkaConsumer<byte[], byte[]>> consumers, Limits limits) {
        this.consumers = consumers;
        this.limits = limits;
    }

    /** Batches from an offset on, which is kept and lies before the visible end; to be released by the caller. */
    ByteBuf read(ClusterPartition partition, long offset) {
        Fetcher fetcher = take(partition.id(), offset);
        boolean sound = false;
        try {
            ByteBuf block = fetcher.read(partition, offset);
            sound = true;
            return block;
        } catch (OffsetOutOfRangeException e) {
            sound = true;
            throw outOfRange(partition, offset, e);
        } catch (WakeupException e) {
            throw new LevadaException(ErrorCode.GOING_AWAY, "the log is closing; read on when it is open again", e);
        } catch (RuntimeException e) {
            throw KafkaErrors.of(e);
        } finally {
            giveBack(fetcher, sound);
        }
    }

    private static LevadaException outOfRange(ClusterPartition partition, long offset, RuntimeException cause) {
        Bounds bounds = partition.ask();
        return new LevadaException(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offset " + offset + " of " + partition + " is not kept; earliest is " + bounds.start() + ", latest is "
                        + bounds.visible(),
                cause);
    }

    private synchronized Fetcher take(TopicPartition id, long offset) {
        if (closed) {
            throw new LevadaException(ErrorCode.GOING_AWAY, "the log is closed");
        }
        for (Fetcher fetcher : idle) {
            if (fetcher.standsAt(id, offset)) {
                idle.remove(fetcher);
                return fetcher;
            }
        }
        Fetcher oldest = all.size() < MOST ? null : idle.pollFirst();
        if (oldest == null) {
            oldest = new Fetcher(consumers.get(), new BatchEncoder(ByteBufAllocator.DEFAULT, limits));
            all.add(oldest);
        }
        return oldest;
    }

    private synchronized void giveBack(Fetcher fetcher, boolean sound) {
        if (sound && !closed) {
            idle.addLast(fetcher);
        } else {
            all.remove(fetcher);
            fetcher.consumer.close(CloseOptions.timeout(Duration.ZERO));
        }
    }

    /** Fails reads that are under way with {@link ErrorCode#GOING_AWAY}. */
    @Override
    public synchronized void close() {
        closed = true;
        all.forEach(fetcher -> fetcher.consumer.wakeup());
        idle.forEach(fetcher -> fetcher.consumer.close(CloseOptions.timeout(Duration.ZERO)));
        idle.clear();
    }

    /** One consumer, and where it stands. */
    private static final class Fetcher {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final BatchEncoder encoder;
        private @Nullable TopicPartition id;
        private long next = -1;

        Fetcher(KafkaConsumer<byte[], byte[]> consumer, BatchEncoder encoder) {
            this.consumer = consumer;
            this.encoder = encoder;
        }

        boolean standsAt(TopicPartition partition, long offset) {
            return next == offset && partition.equals(id);
        }

        ByteBuf read(ClusterPartition partition, long offset) {
            if (!standsAt(partition.id(), offset)) {
                if (!partition.id().equals(id)) {
                    consumer.assign(List.of(partition.id()));
                    id = partition.id();
                }
                consumer.seek(partition.id(), offset);
                next = offset;
            }
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (System.nanoTime() < deadline) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                OffsetAndMetadata reached = records.nextOffsets().get(partition.id());
                if (reached != null && reached.offset() > offset) {
                    return block(partition, records, offset, reached.offset());
                }
            }
            throw new LevadaException(
                    ErrorCode.TIMEOUT, partition + " was not read at offset " + offset + " within " + PATIENCE);
        }

        private ByteBuf block(ClusterPartition partition, ConsumerRecords<byte[], byte[]> records, long from, long to) {
            next = to;
            ByteBuf block = ByteBufAllocator.DEFAULT.directBuffer();
            boolean whole = false;
            try {
                encoder.encode(records.records(partition.id()), from, to, (first, behind, batch) -> {
                    block.writeBytes(batch);
                    batch.release();
                });
                partition.endsAt(to);
                whole = true;
                return block;
            } finally {
                if (!whole) {
                    block.release();
                }
            }
        }
    }
}
