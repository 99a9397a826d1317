package io.levada.rest;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Record;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.SynchronousSink;

/**
 * Texts in, each a record, and for each of them a line out, in their order: where the record stands, once it is durable, or
 * what is wrong with it. Acknowledgements are asked for as the client reads them, so one that does not read is not read from any
 * further. For the connection's event loop alone.
 */
final class ProduceLines extends BaseSubscriber<Ack> {
    /** Records under way, for which nothing has gone out yet. */
    private static final int WINDOW = 4_096;

    /** What a client may leave unread of lines that no record stands behind. */
    private static final int MOST_WAITING_BYTES = 1 << 20;

    private final TextOutbox out;

    private final Form form;

    /** Of each text not yet answered, how it will be. */
    private final Queue<Answer> answers = new ArrayDeque<>();

    private int asked;
    private boolean begun;

    /** How records are written, and answered. */
    interface Form {
        /**
         * Reads a record; fails with what is wrong with it.
         *
         * @param text null where it was longer than it may be
         */
        Entry read(@Nullable String text);

        /** What is told of one that is wrong, or cannot be stored. */
        String failed(Throwable error);
    }

    /**
     * A record that can be published.
     *
     * @param told what is said of it once it is
     */
    record Entry(Record record, Function<Ack, String> told) {}

    /** What is said of a record once it is published, or at once of one that will not be. */
    private record Answer(@Nullable Function<Ack, String> told, String wrong) {}

    private ProduceLines(FluxSink<ByteBuf> sink, Exchange exchange, Form form) {
        this.form = form;
        out = new TextOutbox(sink, exchange.channel());
        sink.onDispose(() -> {
            dispose();
            out.end();
        });
    }

    /** The answer to texts, which are read while it is. */
    static Flux<ByteBuf> answer(Exchange exchange, String topic, Flux<Splitter.Text> texts, Form form) {
        return Flux.create(
                sink -> {
                    ProduceLines answer = new ProduceLines(sink, exchange, form);
                    exchange.publish(topic, texts.handle(answer::text)).subscribe(answer);
                },
                FluxSink.OverflowStrategy.IGNORE);
    }

    private void text(Splitter.Text text, SynchronousSink<Record> records) {
        try {
            Entry entry = form.read(text.content());
            answers.add(new Answer(entry.told(), ""));
            records.next(entry.record());
        } catch (LevadaException wrong) {
            answers.add(new Answer(null, form.failed(wrong)));
            tellWrong();
            if (out.waitingBytes() > MOST_WAITING_BYTES) {
                records.error(
                        new LevadaException(ErrorCode.THROTTLED, "the answers are not read; read them while sending"));
            }
        }
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
        Function<Ack, String> told = answers.remove().told();
        if (told != null) {
            out.write(told.apply(ack) + "\n");
        }
        tellWrong();
        ask();
    }

    /** Those that no record is waited for. */
    private void tellWrong() {
        for (Answer first = answers.peek(); first != null && first.told() == null; first = answers.peek()) {
            begun = true;
            out.write(answers.remove().wrong() + "\n");
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
            out.write(form.failed(error) + "\n");
            out.complete();
        } else {
            out.fail(error);
        }
    }
}
