package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.FluxSink;

/** A stream with messages both ways: what the client says arrives here, from {@link ChannelInbound}. */
abstract class ClientChannel extends ClientStream {
    private @Nullable Subscription inbound;

    ClientChannel(ClientSession session, FluxSink<Payload> sink) {
        super(session, sink);
    }

    final void inbound(Subscription subscription) {
        inbound = subscription;
    }

    /** What OPEN says, which is to be the first message. */
    final String opening(Route route, ByteBuf first) {
        Message message = Message.decode(first, session.recordLimits());
        if (message instanceof Message.Open open) {
            return open.json();
        }
        message.release();
        throw new LevadaException(ErrorCode.INVALID_REQUEST, "the first message of " + route.spelled() + " is OPEN");
    }

    /** Begins with the first message, borrowed; may fail. */
    abstract void open(ByteBuf first);

    /** A further message of the client, borrowed; may fail. */
    abstract void onMessage(ByteBuf message);

    /** The client has completed its side; may fail. */
    abstract void onPeerComplete();

    @Override
    final void complete() {
        if (inbound != null && !hasEnded()) {
            // The other half first: with both ended rsocket-java forgets the stream.
            inbound.cancel();
        }
        super.complete();
    }
}
