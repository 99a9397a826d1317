package io.levada.gateway;

import io.levada.access.Credentials;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundConnection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocketErrorException;
import io.rsocket.exceptions.ConnectionErrorException;
import io.rsocket.exceptions.InvalidSetupException;
import io.rsocket.frame.ErrorFrameCodec;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.Connection;
import reactor.netty.NettyPipeline;
import reactor.util.concurrent.Queues;

/**
 * An RSocket connection over a Netty channel that counts every byte from {@link #sendFrame} until it went to the socket.
 * rsocket-java's own connections queue frames out of sight; this one keeps them, writes while the channel is writable,
 * and lets frames of the connection itself (stream 0: keepalive, errors) pass those of streams.
 *
 * <p>{@link #sendFrame} and {@link #dispose} are safe for any thread; the rest is for the event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // of writes the promise tells, of closes the close future
final class FrameConnection implements DuplexConnection, OutboundConnection {
    private static final Logger LOG = LoggerFactory.getLogger(FrameConnection.class);
    private static final int FLUSH_BYTES = 64 << 10;
    /** What a frame costs besides its bytes: a pooled buffer for its header, and objects. */
    private static final int FRAME_OVERHEAD_BYTES = 512;

    private final Connection connection;
    private final Channel channel;
    private final EventLoop loop;
    private final Framing framing;
    private final OutboundBudget budget;
    private final Queue<ByteBuf> urgent = new ArrayDeque<>();
    private final Queue<ByteBuf> frames = new ArrayDeque<>();
    private final Queue<Foreign> foreign =
            Queues.<Foreign>unboundedMultiproducer().get();
    private final Sinks.Empty<Void> onClose = Sinks.empty();
    private boolean flushPending;
    private int unflushed;
    private boolean closing;
    private boolean writing;
    private volatile boolean closed;

    /** When bytes last went to the socket, or the first came that are to. */
    private volatile long progressNanos;

    /** A frame from another thread than the loop. */
    private record Foreign(int streamId, ByteBuf frame) {}

    /** Call on the connection's event loop. */
    FrameConnection(Connection connection, Framing framing, OutboundBudget budget) {
        this.connection = connection;
        this.channel = connection.channel();
        this.loop = channel.eventLoop();
        this.framing = framing;
        this.budget = budget;
        connection.addHandlerLast("levada.writability", new ChannelInboundHandlerAdapter() {
            @Override
            public void channelWritabilityChanged(ChannelHandlerContext context) {
                write();
                context.fireChannelWritabilityChanged();
            }
        });
        channel.closeFuture().addListener(future -> onLoop(this::closed, this::closed));
    }

    @Override
    public OutboundBudget budget() {
        return budget;
    }

    /**
     * Runs a task on the event loop, now if this is it.
     *
     * @param rejected runs instead, on any thread, once the loop is gone
     */
    void onLoop(Runnable task, Runnable rejected) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            later(task, rejected);
        }
    }

    /** Runs a task on the event loop, behind what is queued there. */
    void later(Runnable task, Runnable rejected) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            rejected.run();
        }
    }

    /** Runs a task on the event loop in a while, unless it is cancelled. */
    Future<?> after(Duration wait, Runnable task) {
        return loop.schedule(task, wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Runs a task on the event loop again and again, until it is cancelled. */
    Future<?> every(Duration interval, Runnable task) {
        return loop.scheduleWithFixedDelay(task, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** What the transport knows of the peer, if it does. */
    Credentials certificate() {
        return PeerCredentials.certificate(channel);
    }

    @Override
    public void sendFrame(int streamId, ByteBuf frame) {
        if (loop.inEventLoop()) {
            send(streamId, frame);
            return;
        }
        foreign.add(new Foreign(streamId, frame));
        later(this::takeForeign, this::releaseForeign);
    }

    private static int cost(ByteBuf frame) {
        return frame.readableBytes() + FRAME_OVERHEAD_BYTES;
    }

    private void takeForeign() {
        for (Foreign next = foreign.poll(); next != null; next = foreign.poll()) {
            send(next.streamId, next.frame);
        }
    }

    private void releaseForeign() {
        for (Foreign next = foreign.poll(); next != null; next = foreign.poll()) {
            next.frame.release();
        }
    }

    private void send(int streamId, ByteBuf frame) {
        if (closed || closing) {
            frame.release();
            return;
        }
        if (budget.heldBytes() == 0) {
            progressNanos = System.nanoTime();
        }
        budget.queued(cost(frame));
        (streamId == 0 ? urgent : frames).add(frame);
        if (budget.overrun()) {
            LOG.warn("closing {}: it holds {} bytes that it asked for and does not read", this, budget.heldBytes());
            dispose();
            return;
        }
        write();
    }

    /** Writes while the channel takes more; the rest follows when it does again. */
    private void write() {
        if (writing) {
            return; // Writing may change writability, or complete at once and let streams send more.
        }
        writing = true;
        try {
            while (!closed && channel.isWritable()) {
                ByteBuf frame = urgent.isEmpty() ? frames.poll() : urgent.poll();
                if (frame == null) {
                    break;
                }
                int bytes = cost(frame);
                channel.write(framing.message(channel.alloc(), frame), new Counted(channel, bytes, this));
                unflushed += bytes;
                if (unflushed >= FLUSH_BYTES) {
                    flush();
                }
            }
        } finally {
            writing = false;
        }
        if (unflushed > 0 && !channel.isWritable()) {
            flush();
        } else if (unflushed > 0 && !flushPending) {
            flushPending = true;
            later(this::flush, () -> {});
        }
    }

    private void flush() {
        flushPending = false;
        unflushed = 0;
        channel.flush();
    }

    private void written(int bytes) {
        progressNanos = System.nanoTime();
        budget.written(bytes);
        if (closing && urgent.isEmpty() && frames.isEmpty() && budget.heldBytes() == 0) {
            channel.close();
        } else {
            write();
        }
    }

    /** A promise that knows its bytes, so that one listener serves all of a connection. */
    private static final class Counted extends DefaultChannelPromise {
        private final int bytes;

        Counted(Channel channel, int bytes, FrameConnection owner) {
            super(channel);
            this.bytes = bytes;
            addListener((ChannelFutureListener) future -> owner.written(((Counted) future).bytes));
        }
    }

    @Override
    public void sendErrorAndClose(RSocketErrorException error) {
        onLoop(
                () -> {
                    if (closed || closing) {
                        return;
                    }
                    send(0, ErrorFrameCodec.encode(channel.alloc(), 0, error));
                    closeWhenWritten();
                },
                () -> {});
    }

    /** Closes a connection whose peer broke the protocol, with one line in the log; tells a peer that can understand. */
    void refuse(String reason, boolean rsocket, boolean setUp) {
        LOG.info("closing {}: {}", this, reason);
        if (!rsocket) {
            dispose();
        } else if (setUp) {
            sendErrorAndClose(new ConnectionErrorException(reason));
        } else {
            sendErrorAndClose(new InvalidSetupException(reason));
        }
    }

    @Override
    public long stalledNanos(long nowNanos) {
        long since = progressNanos;
        return budget.heldBytes() == 0 ? 0 : Math.max(0, nowNanos - since);
    }

    @Override
    public void giveWay() {
        LOG.debug("closing {}: it does not read the {} bytes held for it", this, budget.heldBytes());
        dispose();
    }

    /** Takes no more frames, and closes once all that were taken have gone to the socket. */
    void closeWhenWritten() {
        closing = true;
        if (budget.heldBytes() == 0) {
            channel.close();
        }
    }

    private void closed() {
        if (closed) {
            return;
        }
        closed = true;
        drop(urgent);
        drop(frames);
        releaseForeign();
        onClose.tryEmitEmpty();
    }

    private void drop(Queue<ByteBuf> queue) {
        for (ByteBuf frame = queue.poll(); frame != null; frame = queue.poll()) {
            budget.written(cost(frame));
            frame.release();
        }
    }

    /**
     * Ends without an error, however the connection did: {@link #onClose} is what tells streams that. rsocket-java reads on
     * where it has refused a SETUP, with nobody to hear of an error but the log.
     */
    @Override
    public Flux<ByteBuf> receive() {
        return connection.inbound().receive().onErrorComplete();
    }

    @Override
    public ByteBufAllocator alloc() {
        return channel.alloc();
    }

    @Override
    public SocketAddress remoteAddress() {
        return channel.remoteAddress();
    }

    /** Whether the channel is open; once it is not, what ends was cut off, not ended by the peer. */
    boolean isOpen() {
        return !closed && channel.isActive();
    }

    @Override
    public Mono<Void> onClose() {
        return onClose.asMono();
    }

    @Override
    public boolean isDisposed() {
        return closed;
    }

    /** Closes now; what is held is dropped. */
    @Override
    public void dispose() {
        ChannelHandlerContext tls = channel.pipeline().context(NettyPipeline.SslHandler);
        if (tls == null || budget.heldBytes() == 0) {
            channel.close();
        } else {
            tls.close(); // TLS says goodbye behind what is held, and would wait for a peer that does not read
        }
    }

    @Override
    public String toString() {
        return framing + " " + channel.remoteAddress();
    }
}
