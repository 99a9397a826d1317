package io.levada.testkit;

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
import io.levada.facade.ReadTotals;
import io.levada.facade.WriterSink;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** A sound engine whose streams go through {@link Faults}. */
record FaultyEngine(Engine sound, Faults faults) implements Engine {
    @Override
    public Topics topics() {
        return sound.topics();
    }

    @Override
    public Groups groups() {
        return sound.groups();
    }

    @Override
    public Mono<ProducerId> openProducer(@Nullable String name) {
        return sound.openProducer(name);
    }

    @Override
    public BatchWriter write(String topic, WriterSink sink) {
        return writer(topic, sink, to -> sound.write(topic, to));
    }

    @Override
    public BatchWriter write(String topic, ExpectedPlace place, WriterSink sink) {
        return writer(topic, sink, to -> sound.write(topic, place, to));
    }

    private BatchWriter writer(String topic, WriterSink sink, Function<WriterSink, BatchWriter> open) {
        FaultyWriter writer = new FaultyWriter(topic, sink, faults);
        writer.open(open);
        return writer;
    }

    @Override
    public BatchReader read(ReadSpec spec, BatchSink sink) {
        Faults.Break fault = faults.nextBreak(spec.topic());
        if (fault == null) {
            return sound.read(spec, sink);
        }
        BreakingReader reader = new BreakingReader(sink, fault);
        reader.open(to -> sound.read(spec, to));
        return reader;
    }

    @Override
    public GroupSession join(JoinSpec spec, MemberSink sink) {
        GroupSession session = sound.join(spec, sink);
        faults.joined(spec.group(), session, sink);
        return session;
    }

    @Override
    public ReadTotals readTotals() {
        return sound.readTotals();
    }

    @Override
    public Mono<Void> shutdown() {
        return sound.shutdown();
    }

    @Override
    public void close() {
        sound.close();
    }
}
