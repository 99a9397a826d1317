package io.levada.rest;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import reactor.core.publisher.FluxSink;

/**
 * The text of one answer on its way out: what is written within one turn of the event loop goes out together, in pieces, as
 * far as the connection asks for more. For the event loop alone.
 */
final class TextOutbox {
    /** Small, as a connection asks for 128 at a time: together they are less than its budget. */
    private static final int PIECE_BYTES = 4 << 10;

    private static final int FIRST_BYTES = 256;

    private final FluxSink<ByteBuf> sink;
    private final Channel channel;
    private ByteBuf open;
    private boolean flushDue;
    private boolean completing;
    private boolean ended;

    /** Writes something. */
    @FunctionalInterface
    interface Text {
        void to(OutputStream out) throws IOException;
    }

    TextOutbox(FluxSink<ByteBuf> sink, Channel channel) {
        this.sink = sink;
        this.channel = channel;
        this.open = channel.alloc().buffer(FIRST_BYTES);
    }

    /** Runs this whenever more may go out. */
    void whenWanted(Runnable more) {
        sink.onRequest(n -> {
            flush();
            more.run();
        });
    }

    /** Whether the connection asks for more. */
    boolean wants() {
        return !ended && !completing && sink.requestedFromDownstream() > 0;
    }

    /** Bytes written that the connection has not asked for. */
    int waitingBytes() {
        return open.readableBytes();
    }

    /** Writes a text; in part, if it fails. */
    void write(Text text) {
        if (ended || completing) {
            return;
        }
        try {
            text.to(new ByteBufOutputStream(open));
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer does not fail", e);
        }
        if (open.readableBytes() >= PIECE_BYTES) {
            flush();
        } else if (!flushDue) {
            flushDue = true;
            channel.eventLoop().execute(() -> {
                flushDue = false;
                flush();
            });
        }
    }

    void write(String text) {
        write(out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Has the answer begin although there is no text yet. */
    void begin() {
        if (wants()) {
            sink.next(Unpooled.EMPTY_BUFFER);
        }
    }

    private void flush() {
        if (!ended && open.isReadable() && sink.requestedFromDownstream() > 0) {
            ByteBuf piece = open;
            open = channel.alloc().buffer(FIRST_BYTES);
            sink.next(piece);
        }
        if (completing && !ended && !open.isReadable()) {
            end();
            sink.complete();
        }
    }

    /** Ends the answer behind what was written. */
    void complete() {
        completing = true;
        flush();
    }

    /** Ends the answer at once; a client sees that it is cut off. */
    void fail(Throwable error) {
        if (!ended) {
            end();
            sink.error(error);
        }
    }

    /** Nothing goes out any more. */
    void end() {
        if (!ended) {
            ended = true;
            open.release();
        }
    }
}
