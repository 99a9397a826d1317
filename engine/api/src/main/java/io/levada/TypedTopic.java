package io.levada;

/** A topic seen as keys and values of two types. Safe for any thread. */
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

    @Override
    public String toString() {
        return levada.address() + " " + topic + " " + keys + " " + values;
    }
}
