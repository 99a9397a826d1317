package io.levada.benchmarks.pipelines;

import io.levada.benchmarks.peers.Server;
import java.io.IOException;
import java.util.function.BiConsumer;

/**
 * What runs connectors: a server with the log and a worker, a process each.
 *
 * @param server with the log
 * @param worker its address is that of its REST API
 * @param follower of topics of that log
 */
record Platform(Server server, Server worker, Follower follower) implements AutoCloseable {
    /** Reads topics as an application would. */
    interface Follower {
        /**
         * Gives each record, from the first on, until this is closed; the topic may come later.
         *
         * @param record told of the key and the value, on one thread
         */
        Following follow(String topic, BiConsumer<byte[], byte[]> record);
    }

    /** That somebody follows, until it is closed. */
    interface Following extends AutoCloseable {
        @Override
        void close();
    }

    /** Bytes of memory that both have resident. */
    long residentBytes() throws IOException {
        return server.residentBytes() + worker.residentBytes();
    }

    @Override
    public void close() {
        try {
            worker.stop();
            server.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
