package io.levada.sdk;

import io.levada.Compression;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Token;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.Topics;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Operators;

/**
 * A reader that outlives its connection: on the next one it goes on in each partition behind what was delivered, if it is
 * still the same log and topic. What {@code latest} and {@code now} mean is settled before the first channel is opened.
 * All state is the event loop's.
 */
final class ResumingReader implements BatchReader {
    private final Link link;
    private final Topics topics;
    private final ReadSpec spec;
    private final BatchSink sink;
    private final Backoff backoff;
    private final Disposable.Swap describing = Disposables.swap();

    /** Where each partition goes on, as far as that is known; the others are at the beginning of what was asked for. */
    private final SortedMap<Integer, Long> next = new TreeMap<>();

    private final Set<Integer> finished = new HashSet<>();
    private @Nullable Place place;
    private @Nullable Channel channel;
    private long permittedRecords;
    private long permittedBytes;
    private volatile boolean ended;

    /** What is read, in a log that is told from others. */
    private record Place(UUID logId, UUID topicId, Set<Integer> partitions, End to) {}

    private ResumingReader(Link link, Topics topics, ReadSpec spec, BatchSink sink) {
        this.link = link;
        this.topics = topics;
        this.spec = spec;
        this.sink = sink;
        this.backoff = new Backoff(link);
    }

    static ResumingReader open(Link link, Topics topics, ReadSpec spec, BatchSink sink) {
        ResumingReader reader = new ResumingReader(link, topics, spec, sink);
        link.onLoop(reader::connect);
        return reader;
    }

    private void connect() {
        if (!ended) {
            describing.replace(topics.describe(spec.topic())
                    .subscribe(
                            topic -> link.onLoop(() -> described(topic)),
                            error -> link.onLoop(() -> lost(LevadaException.of(error)))));
        }
    }

    private void described(TopicDescription topic) {
        if (ended) {
            return;
        }
        backoff.opened();
        Place known = place;
        if (known == null) {
            settle(topic);
        } else if (!known.logId().equals(topic.logId()) || !known.topicId().equals(topic.id())) {
            finish(new LevadaException(
                    ErrorCode.LOG_CHANGED,
                    "the connection was lost, and what is called " + spec.topic()
                            + " there now is another topic, or of another log; start anew"));
        } else {
            goOn(known, topic);
        }
    }

    private void settle(TopicDescription topic) {
        SortedMap<Integer, Long> durable = new TreeMap<>();
        for (PartitionDescription partition : topic.partitions()) {
            if (spec.partition() == null || spec.partition() == partition.partition()) {
                durable.put(partition.partition(), partition.durable());
                if (spec.from() instanceof Position.AtOffset at) {
                    next.put(partition.partition(), at.offset());
                }
            }
        }
        Position from = spec.from();
        if (from instanceof Position.Latest) {
            next.putAll(durable);
            from = Position.token(new Token(topic.logId(), topic.id(), next));
        } else if (from instanceof Position.AtToken at) {
            next.putAll(at.token().next());
        }
        End to = spec.to() instanceof End.Now ? End.token(new Token(topic.logId(), topic.id(), durable)) : spec.to();
        place = new Place(topic.logId(), topic.id(), Set.copyOf(durable.keySet()), to);
        open(from, to);
    }

    private void goOn(Place known, TopicDescription topic) {
        for (PartitionDescription partition : topic.partitions()) {
            int number = partition.partition();
            Long at = next.get(number);
            if (at != null
                    && at < partition.start()
                    && known.partitions().contains(number)
                    && !finished.contains(number)) {
                next.put(number, partition.start());
                sink.onGap(number, at, partition.start());
            }
        }
        if (!ended) {
            open(Position.token(new Token(known.logId(), known.topicId(), next)), known.to());
        }
    }

    private void open(Position from, End to) {
        Channel opened = new Channel();
        channel = opened;
        RemoteReader reader = RemoteReader.open(link, spec.from(from).to(to), opened);
        opened.reader = reader;
        reader.credit(permittedRecords, Math.max(0, permittedBytes));
    }

    @Override
    public void credit(long records, long bytes) {
        link.onLoop(() -> {
            permittedRecords = Operators.addCap(permittedRecords, records);
            permittedBytes = permittedBytes < 0 ? permittedBytes + bytes : Operators.addCap(permittedBytes, bytes);
            Channel open = channel;
            if (open != null && open.reader != null) {
                open.reader.credit(records, bytes);
            }
        });
    }

    @Override
    public void cancel() {
        ended = true;
        link.onLoop(this::release);
    }

    private void lost(LevadaException error) {
        channel = null;
        Place known = place;
        if (ended) {
            return;
        } else if (known != null && !finished.isEmpty() && finished.containsAll(known.partitions())) {
            finish(null);
        } else if (!canGoOn(known) || !backoff.retry(error, this::connect, () -> finish(Link.goingAway()))) {
            finish(link.isShut() ? Link.goingAway() : error);
        }
    }

    /** A time may mean another place by now; where it was is told before anything else comes. */
    private boolean canGoOn(@Nullable Place known) {
        boolean fromIsKnown = known == null
                || !(spec.from() instanceof Position.AtTime)
                || next.keySet().containsAll(known.partitions());
        return fromIsKnown && (known == null || !(known.to() instanceof End.AtTime));
    }

    private void finish(@Nullable LevadaException error) {
        if (ended) {
            return;
        }
        ended = true;
        release();
        if (error == null) {
            sink.onComplete();
        } else {
            sink.onError(error);
        }
    }

    private void release() {
        backoff.stop();
        describing.dispose();
        Channel open = channel;
        channel = null;
        if (open != null && open.reader != null) {
            open.reader.cancel();
        }
    }

    /** One channel to the server. */
    private final class Channel implements BatchSink {
        private @Nullable RemoteReader reader;

        private boolean isOver() {
            return channel != this || ended;
        }

        @Override
        public boolean accepts(Compression codec) {
            return sink.accepts(codec);
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            int bytes = batch.readableBytes();
            if (isOver()) {
                batch.release();
            } else if (finished.contains(handle)) {
                batch.release();
                if (reader != null) {
                    reader.credit(records, bytes);
                }
            } else {
                backoff.reset();
                next.put(handle, RecordBatch.nextOffset(batch));
                permittedRecords -= records;
                permittedBytes -= bytes;
                sink.onBatch(handle, records, batch);
            }
        }

        @Override
        public void onGap(int handle, long from, long to) {
            if (!isOver() && !finished.contains(handle)) {
                next.put(handle, to);
                sink.onGap(handle, from, to);
            }
        }

        @Override
        public void onDropped(int handle, long from, long to) {
            if (!isOver() && !finished.contains(handle)) {
                next.put(handle, to);
                sink.onDropped(handle, from, to);
            }
        }

        @Override
        public void onPassed(int handle, long offset) {
            if (!isOver() && !finished.contains(handle)) {
                next.put(handle, offset);
                sink.onPassed(handle, offset);
            }
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            if (!isOver() && finished.add(handle)) {
                sink.onPartitionEnd(handle, error);
            }
        }

        @Override
        public void onComplete() {
            if (!isOver()) {
                finish(null);
            }
        }

        @Override
        public void onError(Throwable error) {
            if (!isOver()) {
                lost(LevadaException.of(error));
            }
        }
    }
}
