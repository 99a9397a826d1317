package io.levada.sdk;

import io.levada.Groups;
import io.levada.ReadSpec;
import io.levada.Topics;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.BatchWriter;
import io.levada.facade.Engine;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.facade.ProducerId;
import io.levada.facade.WriterSink;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** An engine that is a server's, over one connection. Sinks are called on the connection's event loop. */
final class RemoteEngine implements Engine {
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final Link link;
    private final Producers producers;
    private final Topics topics;
    private final Groups groups;

    RemoteEngine(Link link) {
        this.link = link;
        this.producers = new Producers(link);
        this.topics = new RemoteTopics(link, producers);
        this.groups = new RemoteGroups(link);
    }

    /** Waits for the connection, unless the caller may not wait: then the first operation makes it. */
    void connect() {
        if (!Schedulers.isInNonBlockingThread()) {
            link.connection().block();
        }
    }

    @Override
    public Topics topics() {
        return topics;
    }

    @Override
    public Groups groups() {
        return groups;
    }

    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        return producers.open(name);
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return write(topic, sink, null);
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        return write(topic, sink, place);
    }

    private BatchWriter write(String topic, WriterSink sink, @Nullable ExpectedPlace place) {
        return link.limits().reconnects()
                ? ResumingWriter.open(link, producers, topic, place, sink)
                : RemoteWriter.open(link, topic, place, sink);
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        return link.limits().reconnects()
                ? ResumingReader.open(link, topics, spec, sink)
                : RemoteReader.open(link, spec, sink);
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        return link.limits().reconnects()
                ? ResumingSession.open(link, spec, sink)
                : RemoteSession.open(link, spec, sink);
    }

    @Override
    public Mono<Void> shutdown() {
        return link.shutdown();
    }

    @Override
    public void close() {
        shutdown().block(CLOSE_LIMIT);
    }
}
