package io.levada.kafka;

import io.levada.protocol.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches blocks for readers that are behind from the leaders, batches as they are stored, without taking records apart. What
 * cannot be had so is left to {@link BlockFetchers}, which have Kafka's consumer find out about leaders, errors, transactions
 * that were aborted and formats of old. Safe for any thread; blocks.
 */
final class StoredBlocks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StoredBlocks.class);

    private final Supplier<FetchClient> clients;
    private final Limits limits;
    private final boolean fromLeaders;
    private final Deque<FetchClient> idle = new ArrayDeque<>();
    private final Set<FetchClient> all = new HashSet<>();
    private boolean closed;

    /** @param fromLeaders false where reading is not to go to leaders: all is left to the consumers then */
    StoredBlocks(Supplier<FetchClient> clients, Limits limits, boolean fromLeaders) {
        this.clients = clients;
        this.limits = limits;
        this.fromLeaders = fromLeaders;
    }

    /**
     * Batches from an offset on, which is kept and lies before the visible end; to be released by the caller. Null where they
     * are not to be had so; the partition's leader is left alone for a while then.
     */
    @Nullable
    ByteBuf read(ClusterPartition partition, long offset) {
        ClusterPartition.Leader leader = partition.leader();
        if (leader == null || !fromLeaders) {
            return null;
        }
        StoredBlock block = null;
        try {
            block = fetch(leader, partition, offset);
        } catch (IOException | RuntimeException e) {
            LOG.debug("{} is not fetched as it is stored at {}", partition, offset, e);
        }
        if (block == null) {
            partition.leader(null);
            return null;
        }
        partition.endsAt(block.next());
        return block.batches();
    }

    private @Nullable StoredBlock fetch(ClusterPartition.Leader leader, ClusterPartition partition, long offset)
            throws IOException {
        FetchClient client = take();
        boolean sound = false;
        try {
            StoredBlock block = block(client.fetch(leader, partition.id(), offset));
            sound = true;
            return block;
        } finally {
            giveBack(client, sound);
        }
    }

    private @Nullable StoredBlock block(PartitionData data) {
        List<AbortedTransaction> aborted = data.abortedTransactions();
        boolean allCommitted = aborted == null || aborted.isEmpty();
        if (!allCommitted || !(data.records() instanceof MemoryRecords records)) {
            return null;
        }
        return StoredBlock.copy(records.buffer(), ByteBufAllocator.DEFAULT, limits);
    }

    private synchronized FetchClient take() throws IOException {
        if (closed) {
            throw new IOException("the log is closed");
        }
        FetchClient client = idle.pollLast();
        if (client == null) {
            client = clients.get();
            all.add(client);
        }
        return client;
    }

    private synchronized void giveBack(FetchClient client, boolean sound) {
        if (sound && !closed) {
            idle.addLast(client);
        } else {
            all.remove(client);
            client.close();
        }
    }

    /** Has reads that are under way give nothing. */
    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(FetchClient::close);
        all.removeAll(idle);
        idle.clear();
        all.forEach(FetchClient::end);
    }
}
