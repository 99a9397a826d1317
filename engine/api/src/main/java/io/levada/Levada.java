package io.levada;

import java.time.Duration;
import java.util.concurrent.Flow;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A log of topics with partitions, opened by its address; the same interface in this process, on a remote server or on
 * a cluster.
 *
 * <p>Addresses: {@code memory:} (gone when closed), {@code file:DIR} (a durable log in this process), {@code
 * rsocket://HOST:PORT} (a server over TCP), {@code ws://HOST:PORT/rsocket} (a server over WebSocket).
 *
 * <p>Instances are safe for use by any number of threads. Every stream is lazy, honours demand in records, and ends with
 * a {@link LevadaException} when it fails. Callbacks run on the threads of {@link LevadaOptions#callbacks()}, never on a
 * thread that serves the log or a socket.
 */
public interface Levada extends AutoCloseable {

    /**
     * Opens an address with default options.
     *
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} when no engine on the class path knows the address,
     *     or with the engine's code when it cannot be opened (a directory in use, a server that does not answer)
     */
    static Levada open(String address) {
        return open(address, LevadaOptions.defaults());
    }

    /** Opens an address; see {@link #open(String)}. */
    static Levada open(String address, LevadaOptions options) {
        return Providers.open(address, options);
    }

    /** The address this was opened with. */
    String address();

    /** Creation, listing, description and deletion of topics. */
    Topics topics();

    /** Administration of groups; to take part in one, see {@link #group(String)}. */
    Groups groups();

    /**
     * Appends records in the order given and emits one acknowledgement for each, in that same order, once the record is
     * durable. Upstream is asked for no more records than acknowledgements were requested, nor more than
     * {@link LevadaOptions#publishWindowRecords()}. Records in flight travel together in batches.
     *
     * <p>The first failure ends the stream: every acknowledgement before it stands, and records behind it may or may not
     * have been appended. A record larger than the limit fails with {@link ErrorCode#MESSAGE_TOO_LARGE}.
     */
    Flux<Ack> publish(String topic, Publisher<Record> records);

    /**
     * Appends records to one partition, the first at exactly the offset expected and each directly behind the one before, or
     * not at all: whoever else appends there meanwhile ends this stream with {@link ErrorCode#OFFSET_MISMATCH}, whose message
     * names the partition's end, and nothing behind is appended. Otherwise as {@link #publish(String, Publisher)}, but one
     * batch at a time. Partitions that the records name are not looked at.
     *
     * @param expectedOffset the partition's end as the caller knows it, 0 or more
     */
    default Flux<Ack> publishAt(String topic, int partition, long expectedOffset, Publisher<Record> records) {
        return Flux.error(
                new LevadaException(ErrorCode.UNSUPPORTED_VERSION, address() + " cannot keep to an expected offset"));
    }

    /** Appends one record; see {@link #publish(String, Publisher)}. */
    default Mono<Ack> publish(String topic, Record record) {
        return publish(topic, Mono.just(record)).single();
    }

    /**
     * Records of a topic, or of one of its partitions, from a position to an end; no group, and no state kept by the
     * server. Offsets ascend within each partition; partitions interleave as they come.
     */
    Flux<StoredRecord> read(ReadSpec spec);

    /** A group of consumers, which need not exist yet. */
    Group group(String name);

    /** A topic seen as values of a type. */
    default <K, V> TypedTopic<K, V> typed(String topic, Codec<K> keys, Codec<V> values) {
        return new TypedTopic<>(this, topic, keys, values);
    }

    /** The same log for callers that block. */
    default BlockingLevada blocking() {
        return new BlockingLevada(this);
    }

    /** The same log as {@link Flow} publishers. */
    default FlowLevada flow() {
        return new FlowLevada(this);
    }

    /**
     * Stops taking new work, lets members hand over what was acknowledged, and closes. What is not acknowledged after
     * {@code limit} is given up, and delivered again elsewhere; a server that does not answer is, ten seconds later.
     */
    Mono<Void> closeGracefully(Duration limit);

    /** Closes at once, with up to five seconds for acknowledged records to be committed. Does nothing the second time. */
    @Override
    void close();
}
