package io.levada.cli;

import io.levada.Ack;
import io.levada.LevadaException;
import io.levada.Record;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Lines on their way into a topic through one pipelined stream: lines are read only as the log asks for records, so what
 * is in hand is bounded by the log's window however large the input is.
 */
final class Publication {
    private final LineReader lines;
    private final LineFormat format;
    private final long inputBytes;
    private final ProgressBar progress;
    private long acknowledged;

    Publication(Terminal terminal, LineReader lines, LineFormat format, long inputBytes) {
        this.lines = lines;
        this.format = format;
        this.inputBytes = inputBytes;
        progress = new ProgressBar(terminal, "records");
    }

    /** Publishes all lines by a stream; returns how many once all are durable. */
    long run(Function<Flux<Record>, Flux<Ack>> publishing) {
        Scheduler reading = Schedulers.newSingle("levada-input", true); // reading blocks: never on an engine's thread
        try (progress) {
            Flux<Record> records = Flux.generate(this::nextRecord);
            publishing
                    .apply(records.subscribeOn(reading, true))
                    .doOnNext(this::count)
                    .blockLast();
            return acknowledged;
        } catch (LevadaException e) {
            throw acknowledged == 0 ? e : behindAcknowledged(e);
        } finally {
            reading.dispose();
        }
    }

    private LevadaException behindAcknowledged(LevadaException error) {
        String before = " (" + CommandContext.count(acknowledged, "record") + " published before it)";
        return new LevadaException(error.code(), error.getMessage() + before, error);
    }

    private void nextRecord(SynchronousSink<Record> sink) {
        try {
            byte[] line = lines.next();
            if (line == null) {
                sink.complete();
            } else {
                sink.next(format.record(line));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void count(Ack ack) {
        acknowledged++;
        progress.update(acknowledged, fraction());
    }

    private double fraction() {
        if (inputBytes <= 0) {
            return -1;
        }
        double bytesPerLine = (double) lines.bytes() / Math.max(1, lines.lines());
        return Math.min(1, acknowledged * bytesPerLine / inputBytes);
    }
}
