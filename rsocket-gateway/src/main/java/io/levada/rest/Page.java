package io.levada.rest;

import io.levada.Dropped;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderValues;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * {@code GET /v1/topics/{t}/records}: some records, and the token to ask for the next with. What is there comes at once;
 * where nothing is, it may be waited for. What fails behind a record is told by the page that begins there.
 */
final class Page extends ReadAnswer {
    private static final int DEFAULT_RECORDS = 500;
    private static final int DEFAULT_BYTES = 1 << 20;
    private static final int MOST_BYTES = 16 << 20;

    private final int maxRecords;
    private final int maxBytes;
    private final Duration wait;
    private @Nullable ReadSpec spec;
    private @Nullable Future<?> deadline;
    private int records;
    private long bytes;
    private boolean live;
    private boolean looking;
    private boolean finishing;

    private Page(Exchange exchange, FluxSink<ByteBuf> sink, Set<ReadAnswer> all, RestLimits limits) {
        super(exchange, sink, all);
        Query query = exchange.query();
        this.maxRecords = query.number("max", Math.min(DEFAULT_RECORDS, limits.maxRecords()), 1, limits.maxRecords());
        this.maxBytes = query.number("maxBytes", DEFAULT_BYTES, 1, MOST_BYTES);
        this.wait = query.duration("wait", limits.maxWait());
    }

    static Publisher<Void> answer(Exchange exchange, Set<ReadAnswer> all, RestLimits limits) {
        exchange.query().only("from", "to", "partition", "filter", "max", "maxBytes", "wait");
        ReadSpec spec = spec(exchange, Position.earliest());
        Flux<ByteBuf> text = Flux.create(
                sink -> {
                    try {
                        new Page(exchange, sink, all, limits).open(spec);
                    } catch (LevadaException error) {
                        sink.error(error);
                    }
                },
                FluxSink.OverflowStrategy.IGNORE);
        return exchange.stream(HttpHeaderValues.APPLICATION_JSON.toString(), text);
    }

    @Override
    void begin(ReadSpec asked, int partitions) {
        if (!(asked.to() instanceof End.Never) && !wait.isZero()) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "wait is for what has no end; leave out to, or wait");
        }
        spec = asked;
        read(asked.to() instanceof End.Never ? asked.to(End.now()) : asked, maxRecords);
    }

    @Override
    public boolean wants() {
        return super.wants() && !finishing;
    }

    @Override
    void write(StoredRecord record, @Nullable Dropped before) {
        out.write(records == 0 ? "{\"records\":[" : ",");
        out.write(stream -> json(stream, record, before));
        records++;
        bytes += size(record.key()) + size(record.value());
        if (records == maxRecords || bytes >= maxBytes) {
            finishing = true;
            later(() -> ended(null));
        } else if (live && !looking) {
            looking = true;
            later(this::finishIfDrained);
        }
    }

    private static int size(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    /** What came with the first record goes with it; if some of that waits, it is looked at again behind it. */
    private void finishIfDrained() {
        looking = false;
        if (isDrained()) {
            ended(null);
        }
    }

    @Override
    public void ended(@Nullable Throwable error) {
        ReadSpec asked = spec;
        if (error == null && records == 0 && !live && !wait.isZero() && asked != null && !hasEnded()) {
            live = true;
            deadline = exchange.loop().schedule(() -> ended(null), wait.toMillis(), TimeUnit.MILLISECONDS);
            read(asked, maxRecords);
            return;
        }
        super.ended(error);
    }

    @Override
    void finish(@Nullable Throwable error) {
        if (error != null && records == 0) {
            out.fail(error);
            return;
        }
        out.write((records == 0 ? "{\"records\":[" : "") + "],\"next\":\"" + token().encode() + "\"}");
        out.complete();
    }

    @Override
    void onEnd() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }
}
