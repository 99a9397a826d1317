package io.levada;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.Flow;
import reactor.adapter.JdkFlowAdapter;

/**
 * A log as {@link java.util.concurrent.Flow} publishers, with the demand, order and errors of the methods of the same
 * names in {@link Levada} and {@link Group}. Safe for any thread.
 */
public final class FlowLevada {
    private final Levada levada;

    FlowLevada(Levada levada) {
        this.levada = levada;
    }

    /** See {@link Levada#read}. */
    public Flow.Publisher<StoredRecord> read(ReadSpec spec) {
        return JdkFlowAdapter.publisherToFlowPublisher(levada.read(spec));
    }

    /** See {@link Levada#publish(String, org.reactivestreams.Publisher)}. */
    public Flow.Publisher<Ack> publish(String topic, Flow.Publisher<Record> records) {
        return JdkFlowAdapter.publisherToFlowPublisher(
                levada.publish(topic, JdkFlowAdapter.flowPublisherToFlux(records)));
    }

    /** See {@link Group#receive(Collection, MemberOptions)}. */
    public Flow.Publisher<Delivery> receive(String group, Collection<String> topics, MemberOptions options) {
        return JdkFlowAdapter.publisherToFlowPublisher(levada.group(group).receive(topics, options));
    }

    /** See {@link Group#receive(String...)}. */
    public Flow.Publisher<Delivery> receive(String group, String... topics) {
        return receive(group, List.of(topics), MemberOptions.defaults());
    }

    @Override
    public String toString() {
        return levada.address();
    }
}
