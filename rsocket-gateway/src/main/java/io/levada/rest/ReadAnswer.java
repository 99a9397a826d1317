package io.levada.rest;

import io.levada.Dropped;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.RecordJson;
import io.levada.StoredRecord;
import io.levada.Token;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.FilterJson;
import io.levada.protocol.Limits;
import io.levada.wire.Json;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundConnection;
import io.levada.wire.RecordQueue;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.FluxSink;

/**
 * Records of a topic as the text of one answer, at the pace of its reader: batches wait within the connection's budget and
 * become text as the socket takes it. Knows at every record where to go on. For the connection's event loop alone, except
 * what the engine calls.
 */
abstract class ReadAnswer implements BatchSink, RecordQueue.Stream {
    final Exchange exchange;
    final TextOutbox out;
    private final Set<ReadAnswer> all;
    private final HttpOutbound outbound;
    private final RecordQueue queue;
    private final TreeMap<Integer, Long> next = new TreeMap<>();

    /** Partitions of which the engine has not told where reading starts. */
    private final Set<Integer> unknown = new HashSet<>();

    private @Nullable Disposable opening;
    private @Nullable TopicDescription topic;
    private @Nullable BatchReader reader;
    private OutboundBudget.@Nullable Share share;
    private boolean finished;
    private boolean ended;

    /** @param all those that are under way, as long as they are */
    ReadAnswer(Exchange exchange, FluxSink<ByteBuf> sink, Set<ReadAnswer> all) {
        this.exchange = exchange;
        this.outbound = exchange.outbound();
        this.all = all;
        this.queue = new RecordQueue(outbound.budget(), this);
        this.out = new TextOutbox(sink, exchange.channel());
        all.add(this);
        sink.onDispose(this::end);
    }

    /** What a query asks for; {@code otherwise} is where to start if it does not say. */
    static ReadSpec spec(Exchange exchange, Position otherwise) {
        Query query = exchange.query();
        String from = query.text("from");
        String to = query.text("to");
        String filter = query.text("filter");
        String overflow = query.text("overflow");
        return new ReadSpec(
                exchange.target().part(2),
                query.number("partition", 0, Integer.MAX_VALUE),
                from == null ? otherwise : Position.parse(from),
                to == null ? End.never() : End.parse(to),
                filter == null ? null : FilterJson.fromJson(Json.tree("filter", filter)),
                overflow == null ? Overflow.pause() : Overflow.parse(overflow));
    }

    /** Describes the topic, and begins. */
    final void open(ReadSpec spec) {
        out.whenWanted(queue::drain);
        opening = exchange.engine()
                .topics()
                .describe(spec.topic())
                .publishOn(exchange.scheduler())
                .subscribe(description -> open(spec, description), this::ended);
    }

    private void open(ReadSpec spec, TopicDescription description) {
        if (ended) {
            return;
        }
        topic = description;
        try {
            if (spec.from() instanceof Position.Committed) {
                throw new LevadaException(
                        ErrorCode.INVALID_REQUEST,
                        "only a group has a commit to start from; use earliest, latest, an offset, a time or a token");
            } else if (spec.from() instanceof Position.AtToken at && !isOf(at.token(), description)) {
                throw new LevadaException(
                        ErrorCode.LOG_CHANGED,
                        "the token is of another log or another " + spec.topic()
                                + "; start anew, from earliest or a time");
            }
            for (PartitionDescription partition : description.partitions()) {
                if (spec.partition() == null || spec.partition() == partition.partition()) {
                    start(spec.from(), partition);
                }
            }
            begin(spec, next.size());
        } catch (RuntimeException error) {
            ended(error);
        }
    }

    private static boolean isOf(Token token, TopicDescription topic) {
        return token.logId().equals(topic.logId()) && token.topicId().equals(topic.id());
    }

    private void start(Position from, PartitionDescription partition) {
        long offset = partition.start();
        if (from instanceof Position.Latest) {
            offset = partition.durable();
        } else if (from instanceof Position.AtOffset at) {
            offset = at.offset();
        } else if (from instanceof Position.AtToken at) {
            offset = at.token().next().getOrDefault(partition.partition(), offset);
        } else if (from instanceof Position.AtTime) {
            unknown.add(partition.partition());
        }
        next.put(partition.partition(), offset);
    }

    /** Begins, once the topic is known. */
    abstract void begin(ReadSpec spec, int partitions);

    /** Writes a record. */
    abstract void write(StoredRecord record, @Nullable Dropped before);

    /** Writes the end, and completes or fails what goes out. */
    abstract void finish(@Nullable Throwable error);

    /**
     * Reads from where this has got to.
     *
     * @param spec where to end, and where to begin as long as the engine has not told
     * @param records the most that are asked for
     */
    final void read(ReadSpec spec, long records) {
        stopReading();
        Position from = unknown.isEmpty() ? Position.token(token()) : spec.from();
        BatchReader opened = exchange.engine().read(spec.from(from), this);
        reader = opened;
        OutboundBudget.Share bytes = outbound.budget().share(granted -> opened.credit(0, granted));
        share = bytes;
        bytes.want(Long.MAX_VALUE);
        opened.credit(records, 0);
    }

    /** Runs this on the event loop once what was read is open, unless it failed. */
    final void whenOpen(Runnable task) {
        BatchReader opened = reader;
        if (opened != null) {
            opened.status()
                    .whenComplete((status, error) -> later(() -> {
                        if (!hasEnded()) {
                            task.run();
                        }
                    }));
        }
    }

    /** Where whoever has read all so far goes on. */
    final Token token() {
        TopicDescription known = topic;
        if (known == null) {
            throw new IllegalStateException("the topic is not known yet");
        }
        return new Token(known.logId(), known.id(), next);
    }

    /** Whether {@link #token} is that place. */
    final boolean knowsItsPlace() {
        return unknown.isEmpty();
    }

    final boolean isDrained() {
        return queue.isEmpty();
    }

    /** What this goes out on. */
    public final OutboundConnection connection() {
        return outbound;
    }

    /** The engine's end, or null where nothing is read. */
    public final @Nullable BatchReader reader() {
        return reader;
    }

    /** Bytes that the connection has not had room for. */
    public final long wantedBytes() {
        return share == null ? 0 : share.wanted();
    }

    /** Whether nothing more is written. */
    final boolean hasEnded() {
        return ended || finished;
    }

    /** The server stops. */
    final void goAway() {
        ended(new LevadaException(ErrorCode.GOING_AWAY, "the server stops; go on from here, with another or later"));
    }

    @Override
    public boolean wants() {
        return unknown.isEmpty() && out.wants();
    }

    @Override
    public final void send(int handle, StoredRecord record, @Nullable Dropped before) {
        next.put(handle, record.offset() + 1);
        write(record, before);
    }

    static void json(OutputStream stream, StoredRecord record, @Nullable Dropped before) throws IOException {
        Json.write(stream, generator -> RecordJson.write(generator, record, before));
    }

    @Override
    public final void passed(int handle, long offset) {
        next.merge(handle, offset, Math::max);
    }

    @Override
    public final void used(int bytes) {
        if (share != null) {
            share.used(bytes);
        }
    }

    @Override
    public void ended(@Nullable Throwable error) {
        if (!hasEnded()) {
            finished = true;
            queue.close();
            stopReading();
            finish(error);
        }
    }

    @Override
    public final String topic(int handle) {
        return topic == null ? "" : topic.name();
    }

    @Override
    public final int partition(int handle) {
        return handle;
    }

    @Override
    public final void cutOff() {
        outbound.giveWay();
    }

    @Override
    public final void later(Runnable task) {
        later(task, () -> {});
    }

    /** The same; {@code rejected} runs instead once the event loop is gone. */
    final void later(Runnable task, Runnable rejected) {
        try {
            exchange.loop().execute(task);
        } catch (RejectedExecutionException e) {
            rejected.run();
        }
    }

    @Override
    public final void onBatch(int handle, int records, ByteBuf batch) {
        later(() -> queue.batch(handle, batch, Limits.DEFAULT), batch::release);
    }

    @Override
    public final void onGap(int handle, long from, long to) {
        later(() -> queue.ended(new LevadaException(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offsets " + from + " to " + (to - 1) + " of partition " + handle + " are gone; read on from offset:"
                        + to)));
    }

    @Override
    public final void onDropped(int handle, long from, long to) {
        later(() -> queue.dropped(handle, from, to));
    }

    @Override
    public final void onPassed(int handle, long offset) {
        later(() -> {
            if (unknown.remove(handle)) {
                next.put(handle, offset);
            }
            queue.passed(handle, offset);
        });
    }

    @Override
    public final void onPartitionEnd(int handle, @Nullable LevadaException error) {
        later(() -> {
            unknown.remove(handle);
            if (error != null) {
                queue.ended(error);
            }
        });
    }

    @Override
    public final void onComplete() {
        later(() -> {
            unknown.clear();
            queue.ended(null);
        });
    }

    @Override
    public final void onError(Throwable error) {
        later(() -> queue.ended(error));
    }

    private void stopReading() {
        if (share != null) {
            share.close();
            share = null;
        }
        if (reader != null) {
            reader.cancel();
            reader = null;
        }
    }

    /** The answer is over, or its reader is gone. */
    private void end() {
        if (!ended) {
            ended = true;
            all.remove(this);
            if (opening != null) {
                opening.dispose();
            }
            queue.close();
            stopReading();
            out.end();
            onEnd();
        }
    }

    /** Lets go of what else there is. */
    void onEnd() {}
}
