package io.levada.gateway;

import io.levada.wire.WireErrors;
import io.rsocket.Payload;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.FluxSink;
import reactor.util.context.Context;

/**
 * The receiving half of an RSocket channel: finds the channel by its first message, then hands on the others. Asks
 * without bound, since what a client may send is bounded by the credit of its channel.
 */
final class ChannelInbound implements CoreSubscriber<Payload> {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelInbound.class);
    /** Where Reactor looks for what to do with errors that come too late; its default logs them as errors. */
    private static final Context DROP_QUIETLY = Context.of("reactor.onErrorDropped.local", (Consumer<Throwable>)
            error -> LOG.debug("behind the end of a channel: {}", error.toString()));

    private final FluxSink<Payload> sink;
    private final Function<Payload, ClientChannel> route;
    private @Nullable Subscription subscription;
    private @Nullable ClientChannel channel;
    private boolean done;

    ChannelInbound(FluxSink<Payload> sink, Function<Payload, ClientChannel> route) {
        this.sink = sink;
        this.route = route;
    }

    @Override
    public Context currentContext() {
        return DROP_QUIETLY;
    }

    @Override
    public void onSubscribe(Subscription inbound) {
        subscription = inbound;
        inbound.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(Payload payload) {
        try {
            if (done) {
                return;
            } else if (channel == null) {
                open(payload);
            } else if (!channel.hasEnded()) {
                channel.onMessage(payload.sliceData());
            }
        } catch (Throwable error) {
            fail(error);
        } finally {
            payload.release();
        }
    }

    private void open(Payload payload) {
        ClientChannel opened = route.apply(payload);
        channel = opened;
        if (subscription != null) {
            opened.inbound(subscription);
        }
        opened.open(payload.sliceData());
    }

    private void fail(Throwable error) {
        if (channel == null) {
            done = true;
            sink.error(WireErrors.forRSocket(error));
        } else {
            channel.fail(error);
        }
    }

    /** The client gave up its half; the cancel of the other half, which comes along, says the rest. */
    @Override
    public void onError(Throwable error) {
        done = true;
    }

    @Override
    public void onComplete() {
        if (channel != null && !channel.hasEnded() && !done) {
            try {
                channel.onPeerComplete();
            } catch (Throwable error) {
                channel.fail(error);
            }
        }
        done = true;
    }
}
