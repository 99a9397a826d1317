package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * One channel to the server: messages up through an {@link Outbox}, messages down on the event loop, and exactly one end
 * there, unless it was let go of before.
 *
 * <p>RSocket's own request(n) is given without bound, as credit in records bounds what comes; rsocket-java stops asking
 * once requests add up to 2^31-1, so a stream ends with a retriable error before that, and the place to roll over to a new
 * one instead is {@link #onNext}.
 */
abstract class RemoteStream implements CoreSubscriber<Payload> {
    protected final Link link;
    protected final Outbox outbox;
    private final String route;

    private @Nullable Subscription subscription; // on the loop
    private long messages; // on the loop
    private volatile boolean ended;

    RemoteStream(Link link, String route) {
        this.link = link;
        this.route = route;
        this.outbox = new Outbox(link);
    }

    /** One message; on the loop. The buffer is borrowed. An IllegalArgumentException says that it makes no sense. */
    abstract void receive(ByteBuf message);

    /** The server completed its side; on the loop. The stream has ended. */
    abstract void completed();

    /** The stream has failed; on the loop. */
    abstract void failed(LevadaException error);

    /** This side let go; on the loop. */
    void abandoned() {}

    /** Of a message that has no place in this channel; what it holds is released. */
    static IllegalArgumentException unexpected(Message message) {
        if (message instanceof Message.Records records) {
            records.batch().release();
        } else if (message instanceof Message.Batch batch) {
            batch.batch().release();
        }
        return new IllegalArgumentException(
                "a message that does not belong there: " + message.getClass().getSimpleName());
    }

    /** Starts the channel as soon as there is a connection. */
    final void open(Mono<RSocket> connection, ByteBuf openMessage) {
        link.onLoop(() -> {
            if (ended) {
                openMessage.release();
                return;
            }
            outbox.open(Wire.opening(route, openMessage));
            link.register(this);
            connection.subscribe(rsocket -> link.onLoop(() -> start(rsocket)), error -> link.onLoop(() -> fail(error)));
        });
    }

    /** Lets go: the server is told, and nothing is reported any more. */
    final void abandon() {
        if (!ended) {
            ended = true;
            link.onLoop(() -> {
                close();
                abandoned();
            });
        }
    }

    /** Ends the stream for a reason of this side. */
    final void fail(Throwable error) {
        link.onLoop(() -> {
            if (!ended) {
                ended = true;
                close();
                failed(link.error(error));
            }
        });
    }

    final boolean hasEnded() {
        return ended;
    }

    @Override
    public final Context currentContext() {
        return Wire.LATE_ERRORS;
    }

    @Override
    public final void onSubscribe(Subscription channel) {
        subscription = channel;
        channel.request(Long.MAX_VALUE);
    }

    @Override
    public final void onNext(Payload payload) {
        try {
            if (!ended) {
                receive(payload.data());
                if (++messages == link.limits().messagesPerStream()) {
                    throw new LevadaException(ErrorCode.GOING_AWAY, "this stream has carried all it can; open it anew");
                }
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            fail(Wire.notUnderstood(route, e.getMessage()));
        } catch (RuntimeException e) {
            fail(e);
        } finally {
            payload.release();
        }
    }

    @Override
    public final void onError(Throwable error) {
        fail(error);
    }

    @Override
    public final void onComplete() {
        link.onLoop(() -> {
            if (!ended) {
                ended = true;
                link.unregister(this);
                outbox.end(); // a COMPLETE of our own, not a CANCEL, is what a finished channel gets
                completed();
            }
        });
    }

    private void start(RSocket rsocket) {
        if (ended) {
            close();
        } else {
            rsocket.requestChannel(outbox).subscribe(this);
        }
    }

    /** Both directions are over: what was not sent is released. */
    private void close() {
        link.unregister(this);
        Subscription channel = subscription;
        if (channel != null) {
            channel.cancel();
        }
        outbox.cancel();
    }
}
