package io.levada.sdk;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Operators;

/**
 * A reader of a member's partitions that outlives its connection: on the next one each goes on behind what was delivered,
 * within what was permitted and not used. All state is the event loop's.
 */
final class ResumingAssignedReader implements AssignedReader {
    private static final Logger LOG = LoggerFactory.getLogger(ResumingAssignedReader.class);

    private final Link link;
    private final BatchSink sink;
    private final Consumer<ResumingAssignedReader> reopen;

    /** Where each partition goes on. */
    private final Map<Integer, Long> next = new TreeMap<>();

    /** What the server was told to stop, and has not said to have. */
    private final Set<Integer> stopping = new HashSet<>();

    private @Nullable Channel channel;

    /** It was told that the server takes no more streams. */
    private boolean refused;

    private long permittedRecords;
    private long permittedBytes;
    private volatile boolean ended;

    /** @param reopen to be asked for another connection, or another channel on the same one */
    ResumingAssignedReader(Link link, BatchSink sink, Consumer<ResumingAssignedReader> reopen) {
        this.link = link;
        this.sink = sink;
        this.reopen = reopen;
    }

    boolean hasEnded() {
        return ended;
    }

    /** Goes on over a session, unless it does already. On the loop. */
    void open(RemoteSession session) {
        if (ended || channel != null) {
            return;
        }
        Channel opened = new Channel();
        channel = opened;
        AssignedReader reader = session.read(opened);
        opened.reader = reader;
        next.forEach(reader::add);
        reader.credit(permittedRecords, Math.max(0, permittedBytes));
    }

    /** The connection is gone: what was to stop has. On the loop. */
    void disconnected() {
        channel = null;
        for (int handle : List.copyOf(stopping)) {
            end(handle, null);
        }
    }

    /** A partition is this member's no longer. On the loop. */
    void lost(int handle) {
        end(
                handle,
                new LevadaException(
                        ErrorCode.FENCED_MEMBER_EPOCH,
                        "assignment " + handle + " ended while the connection was lost; its partition may have another"
                                + " owner"));
    }

    private void end(int handle, @Nullable LevadaException error) {
        stopping.remove(handle);
        if (next.remove(handle) != null && !ended) {
            sink.onPartitionEnd(handle, error);
        }
    }

    /** On the loop. */
    void fail(LevadaException error) {
        if (!ended) {
            ended = true;
            channel = null;
            sink.onError(error);
        }
    }

    @Override
    public void add(int handle, long offset) {
        link.onLoop(() -> {
            next.put(handle, offset);
            AssignedReader open = reader();
            if (open != null) {
                open.add(handle, offset);
            }
        });
    }

    @Override
    public void remove(int handle) {
        link.onLoop(() -> {
            AssignedReader open = reader();
            if (open != null) {
                stopping.add(handle);
                open.remove(handle);
            } else {
                end(handle, null);
            }
        });
    }

    @Override
    public void credit(long records, long bytes) {
        link.onLoop(() -> {
            permittedRecords = Operators.addCap(permittedRecords, records);
            permittedBytes = permittedBytes < 0 ? permittedBytes + bytes : Operators.addCap(permittedBytes, bytes);
            AssignedReader open = reader();
            if (open != null) {
                open.credit(records, bytes);
            }
        });
    }

    private @Nullable AssignedReader reader() {
        Channel open = channel;
        return open == null ? null : open.reader;
    }

    @Override
    public void cancel() {
        ended = true;
        link.onLoop(() -> {
            AssignedReader open = reader();
            channel = null;
            if (open != null) {
                open.cancel();
            }
        });
    }

    /** One channel to the server. */
    private final class Channel implements BatchSink {
        private @Nullable AssignedReader reader;

        private boolean isOver() {
            return channel != this || ended;
        }

        @Override
        public boolean accepts(Compression codec) {
            return sink.accepts(codec);
        }

        @Override
        public void onBatch(int handle, int records, ByteBuf batch) {
            if (isOver()) {
                batch.release();
                return;
            }
            next.replace(handle, RecordBatch.nextOffset(batch));
            permittedRecords -= records;
            permittedBytes -= batch.readableBytes();
            sink.onBatch(handle, records, batch);
        }

        @Override
        public void onGap(int handle, long from, long to) {
            if (!isOver()) {
                next.replace(handle, to);
                sink.onGap(handle, from, to);
            }
        }

        @Override
        public void onPassed(int handle, long offset) {
            if (!isOver()) {
                next.replace(handle, offset);
                sink.onPassed(handle, offset);
            }
        }

        @Override
        public void onPartitionEnd(int handle, @Nullable LevadaException error) {
            if (!isOver()) {
                stopping.remove(handle);
                next.remove(handle);
                sink.onPartitionEnd(handle, error);
            }
        }

        @Override
        public void onComplete() {
            onError(new LevadaException(ErrorCode.GOING_AWAY, "the server ended the stream of the group's records"));
        }

        /** Where the connection is gone, the membership hears of it too, and opens this anew with the next one. */
        @Override
        public void onError(Throwable error) {
            if (isOver()) {
                return;
            }
            LevadaException reason = LevadaException.of(error);
            if (Backoff.isPassing(reason) && !link.isShut()) {
                if (reason.code() == ErrorCode.THROTTLED && !refused) {
                    refused = true;
                    LOG.warn(
                            "a member gets no records until the server takes its stream, tried again: {}",
                            reason.line());
                }
                disconnected();
                link.pause(
                        Duration.ofMillis(100),
                        () -> reopen.accept(ResumingAssignedReader.this),
                        () -> fail(Link.goingAway()));
            } else {
                fail(reason);
            }
        }
    }
}
