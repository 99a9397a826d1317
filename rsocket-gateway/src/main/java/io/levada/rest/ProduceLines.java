package io.levada.rest;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.RecordJson;
import io.levada.wire.DescriptionJson;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.SynchronousSink;

/**
 * Lines of JSON in, and for each of them a line out, in their order: where the record stands, once it is durable, or what is
 * wrong with it. Acknowledgements are asked for as the client reads them, so one that does not read is not read from any
 * further. For the connection's event loop alone.
 */
final class ProduceLines extends BaseSubscriber<Ack> {
    /** Records under way, for which nothing has gone out yet. */
    private static final int WINDOW = 4_096;

    /** What a client may leave unread of lines that no record stands behind. */
    private static final int MOST_WAITING_BYTES = 1 << 20;

    private final TextOutbox out;

    /** Of each line not yet answered: what is wrong with it, or {@link #PUBLISHED}. */
    private final Queue<String> lines = new ArrayDeque<>();

    private static final String PUBLISHED = "";
    private int asked;
    private boolean begun;

    private ProduceLines(FluxSink<ByteBuf> sink, Exchange exchange) {
        out = new TextOutbox(sink, exchange.channel());
        sink.onDispose(() -> {
            dispose();
            out.end();
        });
    }

    /** The answer to lines, which are read while it is. */
    static Flux<ByteBuf> answer(Exchange exchange, String topic, Flux<Lines.Line> lines) {
        return Flux.create(
                sink -> {
                    ProduceLines answer = new ProduceLines(sink, exchange);
                    exchange.levada().publish(topic, lines.handle(answer::line)).subscribe(answer);
                },
                FluxSink.OverflowStrategy.IGNORE);
    }

    private void line(Lines.Line line, SynchronousSink<Record> records) {
        try {
            Record record = record(line.text());
            lines.add(PUBLISHED);
            records.next(record);
        } catch (LevadaException wrong) {
            lines.add(WireErrors.text(wrong));
            tellWrong();
            if (out.waitingBytes() > MOST_WAITING_BYTES) {
                records.error(
                        new LevadaException(ErrorCode.THROTTLED, "the answers are not read; read them while sending"));
            }
        }
    }

    private static Record record(@Nullable String line) {
        if (line == null) {
            throw new LevadaException(ErrorCode.MESSAGE_TOO_LARGE, "the line is longer than the largest record");
        }
        return RecordJson.parse(line);
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        out.whenWanted(this::ask);
        ask();
    }

    /** As many as the window has room for, while what is written goes out. */
    private void ask() {
        int more = WINDOW - asked;
        if (more >= WINDOW / 2 && out.waitingBytes() < MOST_WAITING_BYTES / 2 && !isDisposed()) {
            asked += more;
            request(more);
        }
    }

    @Override
    protected void hookOnNext(Ack ack) {
        asked--;
        begun = true;
        tellWrong();
        lines.remove();
        out.write(DescriptionJson.of(ack) + "\n");
        tellWrong();
        ask();
    }

    /** Those that no record is waited for. */
    private void tellWrong() {
        for (String first = lines.peek(); first != null && !first.equals(PUBLISHED); first = lines.peek()) {
            begun = true;
            out.write(lines.remove() + "\n");
        }
    }

    @Override
    protected void hookOnComplete() {
        tellWrong();
        out.complete();
    }

    @Override
    protected void hookOnError(Throwable error) {
        if (begun) {
            out.write(WireErrors.text(error) + "\n");
            out.complete();
        } else {
            out.fail(error);
        }
    }
}
