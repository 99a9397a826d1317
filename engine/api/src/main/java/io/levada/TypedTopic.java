package io.levada;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A topic seen as keys and values of two types. What cannot be encoded or decoded ends the stream it is in, with the
 * codec's error. Safe for any thread.
 */
public final class TypedTopic<K, V> {
    private final Levada levada;
    private final String topic;
    private final Codec<K> keys;
    private final Codec<V> values;

    TypedTopic(Levada levada, String topic, Codec<K> keys, Codec<V> values) {
        this.levada = levada;
        this.topic = topic;
        this.keys = keys;
        this.values = values;
    }

    /** A key and a value to be published; either may be absent. */
    public record Entry<K, V>(@Nullable K key, @Nullable V value) {}

    /** A record read, with its key and value decoded. */
    public record Stored<K, V>(
            StoredRecord record, @Nullable K key, @Nullable V value) {}

    /** A record delivered to a member of a group, with its key and value decoded. */
    public record Received<K, V>(
            Delivery delivery, @Nullable K key, @Nullable V value) {
        /** See {@link Delivery#ack}. */
        public void ack() {
            delivery.ack();
        }
    }

    /** See {@link Levada#publish(String, Publisher)}. */
    public Flux<Ack> publish(Publisher<Entry<K, V>> entries) {
        return levada.publish(topic, Flux.from(entries).map(entry -> record(entry.key(), entry.value())));
    }

    /** See {@link Levada#publish(String, Record)}. */
    public Mono<Ack> publish(@Nullable K key, @Nullable V value) {
        return Mono.defer(() -> levada.publish(topic, record(key, value)));
    }

    /** All partitions from a position to an end; see {@link Levada#read}. */
    public Flux<Stored<K, V>> read(Position from, End to) {
        return levada.read(ReadSpec.of(topic).from(from).to(to)).map(this::stored);
    }

    /** As a member of a group; see {@link Group#receive(java.util.Collection, MemberOptions)}. */
    public Flux<Received<K, V>> receive(String group, MemberOptions options) {
        return levada.group(group).receive(List.of(topic), options).map(this::received);
    }

    /** As a member of a group with default options. */
    public Flux<Received<K, V>> receive(String group) {
        return receive(group, MemberOptions.defaults());
    }

    private Record record(@Nullable K key, @Nullable V value) {
        return Record.of(keys.encode(key), values.encode(value));
    }

    private Stored<K, V> stored(StoredRecord record) {
        return new Stored<>(record, keys.decode(record.key()), values.decode(record.value()));
    }

    private Received<K, V> received(Delivery delivery) {
        StoredRecord record = delivery.record();
        return new Received<>(delivery, keys.decode(record.key()), values.decode(record.value()));
    }

    @Override
    public String toString() {
        return levada.address() + " " + topic + " " + keys + " " + values;
    }
}
