package io.levada.facade;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Group;
import io.levada.Groups;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.Topics;
import java.time.Duration;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The facade over any engine: records in and out of its batches. Safe for any thread. */
public final class EngineLevada implements Levada {
    private final String address;
    private final Engine engine;
    private final LevadaOptions options;

    /** Takes the engine over: closing this closes it. */
    public EngineLevada(String address, Engine engine, LevadaOptions options) {
        this.address = address;
        this.engine = engine;
        this.options = options;
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public Topics topics() {
        return engine.topics();
    }

    @Override
    public Groups groups() {
        return engine.groups();
    }

    @Override
    public Flux<Ack> publish(String topic, Publisher<Record> records) {
        return Flux.error(new LevadaException(ErrorCode.UNSUPPORTED_VERSION, "publishing to " + topic + options));
    }

    @Override
    public Flux<StoredRecord> read(ReadSpec spec) {
        return Flux.error(new LevadaException(ErrorCode.UNSUPPORTED_VERSION, "reading " + spec));
    }

    @Override
    public Group group(String name) {
        throw new LevadaException(ErrorCode.UNSUPPORTED_VERSION, "group " + name);
    }

    @Override
    public Mono<Void> closeGracefully(Duration limit) {
        return engine.shutdown().timeout(limit);
    }

    @Override
    public void close() {
        engine.close();
    }
}
