package io.levada.rest;

import io.levada.Dropped;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.Token;
import io.levada.facade.WaitReason;
import io.levada.wire.Subscribed;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * {@code GET /v1/topics/{t}/stream}: records as they come, as server-sent events of which each carries the token behind it,
 * or as lines. What fails is the last event, {@code error}, or the last line. An event without data tells where to go on
 * where nothing is for the reader, and that the connection lives. Events are as
 * https://html.spec.whatwg.org/multipage/server-sent-events.html has them.
 */
final class LiveStream extends ReadAnswer implements Subscribed {
    static final String EVENTS = "text/event-stream";
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    /** So long a browser waits until it connects again, and up to as long again, so that not all come at once. */
    private static final int RETRY_MS = 500;

    private static final byte[] ID = bytes("id: ");
    private static final byte[] DATA = bytes("\ndata: ");
    private static final byte[] NEWLINE = bytes("\n");
    private static final byte[] END = bytes("\n\n");

    /** What {@code stats} calls it. */
    private static final String ROUTE = "stream";

    private final boolean events;
    private final int maxPartitions;
    private Subject subject = Subject.NONE;
    private @Nullable Token told;
    private @Nullable Future<?> heartbeat;
    private boolean begun;

    private LiveStream(
            Exchange exchange, FluxSink<ByteBuf> sink, Set<ReadAnswer> all, int maxPartitions, boolean events) {
        super(exchange, sink, all);
        this.maxPartitions = maxPartitions;
        this.events = events;
    }

    static Publisher<Void> answer(Exchange exchange, Set<ReadAnswer> all, RestLimits limits) {
        exchange.only(HttpMethod.GET);
        exchange.query().only("from", "to", "partition", "filter", "overflow");
        String accept = exchange.header(HttpHeaderNames.ACCEPT);
        boolean events = accept == null || !(accept.contains("ndjson") || accept.contains("jsonl"));
        ReadSpec asked = spec(exchange, Position.latest());
        String last = exchange.header("Last-Event-ID");
        ReadSpec spec = last == null || last.isEmpty() ? asked : asked.from(Position.token(Token.parse(last)));
        Flux<ByteBuf> text = Flux.create(
                sink -> new LiveStream(exchange, sink, all, limits.maxStreamPartitions(), events).open(spec),
                FluxSink.OverflowStrategy.IGNORE);
        return exchange.stream(events ? EVENTS : Produce.NDJSON, text);
    }

    @Override
    public Subject subject() {
        return subject;
    }

    /** As many as there are: it is the socket that holds it back. */
    @Override
    public Long demand() {
        return Long.MAX_VALUE;
    }

    @Override
    public @Nullable WaitReason holdsBack() {
        return isDrained() || wants() ? null : WaitReason.SOCKET_BLOCKED;
    }

    @Override
    void begin(ReadSpec spec, int partitions) {
        subject = Subject.topic(ROUTE, spec.topic(), null);
        if (partitions > maxPartitions) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "a stream has up to " + maxPartitions + " partitions, and " + spec.topic() + " has " + partitions
                            + "; read it by partition=N");
        }
        read(spec, Long.MAX_VALUE);
        whenOpen(this::opened);
    }

    /** Tells at once that the stream is there, and from where, so that who is cut off early misses nothing. */
    private void opened() {
        preamble();
        if (events) {
            heartbeat();
            long ms = HEARTBEAT.toMillis();
            heartbeat = exchange.loop().scheduleWithFixedDelay(this::heartbeat, ms, ms, TimeUnit.MILLISECONDS);
        } else {
            out.begin();
        }
    }

    private void preamble() {
        if (!begun && events) {
            out.write("retry: " + (RETRY_MS + ThreadLocalRandom.current().nextInt(RETRY_MS)) + "\n\n");
        }
        begun = true;
    }

    private void heartbeat() {
        if (out.waitingBytes() > 0 && told != null) {
            return; // It is not read as it is.
        }
        Token now = knowsItsPlace() ? token() : null;
        if (now == null || now.equals(told)) {
            out.write(":\n\n");
        } else {
            told = now;
            out.write("id: " + now.encode() + "\n\n");
        }
    }

    @Override
    void write(StoredRecord record, @Nullable Dropped before) {
        preamble();
        if (!events) {
            out.write(stream -> {
                json(stream, record, before);
                stream.write(NEWLINE);
            });
            return;
        }
        Token behind = token();
        told = behind;
        out.write(stream -> {
            stream.write(ID);
            stream.write(bytes(behind.encode()));
            stream.write(DATA);
            json(stream, record, before);
            stream.write(END);
        });
    }

    @Override
    void finish(@Nullable Throwable error) {
        if (error != null && !begun) {
            out.fail(error);
            return;
        } else if (error != null) {
            String text = WireErrors.text(error);
            out.write(events ? "event: error\ndata: " + text + "\n\n" : text + "\n");
        }
        out.complete();
    }

    @Override
    void onEnd() {
        if (heartbeat != null) {
            heartbeat.cancel(false);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
