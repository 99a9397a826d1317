package io.levada.kafka;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.ManualMetadataUpdater;
import org.apache.kafka.clients.MetadataRecoveryStrategy;
import org.apache.kafka.clients.NetworkClient;
import org.apache.kafka.clients.NetworkClientUtils;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.memory.MemoryPool;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.network.NetworkReceive;
import org.apache.kafka.common.network.Selector;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;

/**
 * Fetches from leaders what they have stored, byte for byte, which no consumer gives. It stands on Kafka's own network client,
 * which is not made for applications, but knows how to be let in by brokers and what they understand. For one thread at a time,
 * but for {@link #end}.
 */
final class FetchClient implements AutoCloseable {
    private static final int CONNECT_MS = 2_000;

    private final Metrics metrics = new Metrics();
    private final NetworkClient client;
    private final int fetchBytes;

    /** @param config of which what concerns connections counts, and how much of a partition is fetched at once */
    FetchClient(ConsumerConfig config) {
        fetchBytes = config.getInt(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG);
        String name = config.getString(ConsumerConfig.CLIENT_ID_CONFIG);
        LogContext log = new LogContext("[FetchClient clientId=" + name + "] ");
        Selector selector = new Selector(
                NetworkReceive.UNLIMITED,
                config.getLong(ConsumerConfig.CONNECTIONS_MAX_IDLE_MS_CONFIG),
                metrics,
                Time.SYSTEM,
                "fetch-client",
                Map.of(),
                false,
                false,
                ClientUtils.createChannelBuilder(config, Time.SYSTEM, log),
                new AnswerRoom(fetchBytes),
                log);
        client = new NetworkClient(
                selector,
                new ManualMetadataUpdater(),
                name,
                1,
                config.getLong(ConsumerConfig.RECONNECT_BACKOFF_MS_CONFIG),
                config.getLong(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG),
                config.getInt(ConsumerConfig.SEND_BUFFER_CONFIG),
                config.getInt(ConsumerConfig.RECEIVE_BUFFER_CONFIG),
                config.getInt(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG),
                config.getLong(ConsumerConfig.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG),
                config.getLong(ConsumerConfig.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG),
                Time.SYSTEM,
                true,
                new ApiVersions(),
                log,
                MetadataRecoveryStrategy.NONE);
    }

    /**
     * What a leader has of its partition from an offset on, as far as it is committed; blocks, but not for records to come. The
     * records stay until the next call.
     *
     * @throws IOException where there is no connection, or it breaks
     * @throws org.apache.kafka.common.KafkaException where the broker refuses
     */
    PartitionData fetch(ClusterPartition.Leader leader, TopicPartition id, long offset) throws IOException {
        if (!NetworkClientUtils.awaitReady(client, leader.node(), Time.SYSTEM, CONNECT_MS)) {
            throw new IOException("no connection to " + leader.node() + " within " + CONNECT_MS + " ms");
        }
        FetchRequest.Builder fetch = FetchRequest.Builder.forConsumer(
                        ApiKeys.FETCH.latestVersion(),
                        0,
                        1,
                        Map.of(
                                id,
                                new FetchRequest.PartitionData(
                                        leader.topicId(),
                                        offset,
                                        FetchRequest.INVALID_LOG_START_OFFSET,
                                        fetchBytes,
                                        Optional.empty())))
                .isolationLevel(IsolationLevel.READ_COMMITTED)
                .setMaxBytes(fetchBytes);
        ClientRequest request =
                client.newClientRequest(leader.node().idString(), fetch, Time.SYSTEM.milliseconds(), true);
        ClientResponse response = NetworkClientUtils.sendAndReceive(client, request, Time.SYSTEM);
        return answerOf(((FetchResponse) response.responseBody()).data());
    }

    private static PartitionData answerOf(FetchResponseData data) throws IOException {
        check(data.errorCode());
        List<PartitionData> partitions = data.responses().stream()
                .flatMap(topic -> topic.partitions().stream())
                .toList();
        if (partitions.size() != 1) {
            throw new IOException(partitions.size() + " partitions in the answer for one");
        }
        check(partitions.get(0).errorCode());
        return partitions.get(0);
    }

    private static void check(short code) {
        Errors error = Errors.forCode(code);
        if (error != Errors.NONE) {
            throw error.exception();
        }
    }

    /** Fails what is under way. Safe for any thread; closing is still up to the thread whose it is. */
    void end() {
        client.initiateClose();
    }

    @Override
    public void close() {
        client.close();
        metrics.close();
    }

    /**
     * Room for one answer at a time, outside the heap, used again for the next: a fetch is large to be garbage each time. An answer
     * is that with a batch beyond what was asked for.
     */
    private static final class AnswerRoom implements MemoryPool {
        /** What stands around the records of an answer, at most. */
        private static final int FRAME_BYTES = 64 << 10;

        private final long mostBytes;
        private ByteBuffer room = ByteBuffer.allocateDirect(0);

        AnswerRoom(int fetchBytes) {
            mostBytes = (long) fetchBytes + FRAME_BYTES;
        }

        @Override
        public ByteBuffer tryAllocate(int bytes) {
            if (bytes > mostBytes) {
                return ByteBuffer.allocate(bytes);
            }
            if (bytes > room.capacity()) {
                room = ByteBuffer.allocateDirect(bytes);
            }
            return room.slice(0, bytes);
        }

        @Override
        public void release(ByteBuffer previouslyAllocated) {}

        @Override
        public long size() {
            return Long.MAX_VALUE;
        }

        @Override
        public long availableMemory() {
            return Long.MAX_VALUE;
        }

        @Override
        public boolean isOutOfMemory() {
            return false;
        }
    }
}
