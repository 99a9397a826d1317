package io.levada.gateway;

import io.levada.LevadaException;
import io.levada.protocol.Limits;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundPool;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.rsocket.core.RSocketServer;
import io.rsocket.frame.decoder.PayloadDecoder;
import java.nio.channels.ClosedChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.Connection;

/**
 * Has a new connection speak RSocket with a session of its own, behind what guards its frames and counts its bytes. Safe for
 * any thread; each connection on its event loop.
 *
 * @param doors who is let in, and to which engine
 * @param pool what all connections may hold
 */
record Reception(Doors doors, GatewayLimits limits, OutboundPool pool, ServerStats stats) {
    private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

    /** Puts what guards and counts into a channel; nothing is read until {@link #speak}. */
    ClientSession begin(Connection channel, Framing framing) {
        OutboundBudget budget = new OutboundBudget(
                pool, limits.outboundBudgetBytes(), Limits.DEFAULT.maxRecordBytes(), System::nanoTime);
        FrameConnection connection = new FrameConnection(channel, framing, budget);
        FrameGuard guard = new FrameGuard(limits, connection.alloc(), connection::refuse);
        if (framing == Framing.TCP) {
            channel.addHandlerLast("levada.guard", guard.forTcp());
        } else {
            channel.addHandlerLast("levada.pongs", new Pongs());
            channel.addHandlerLast("levada.messages", new WebSocketFrameAggregator(limits.maxFrameBytes()));
            channel.addHandlerLast("levada.guard", guard.forWebSocket());
        }
        return new ClientSession(doors, limits, connection, stats);
    }

    /** Takes SETUP and what follows. */
    void speak(ClientSession session) {
        FrameConnection connection = session.connection();
        RSocketServer.create((setup, requester) -> session.accept(setup))
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .maxTimeToFirstFrame(limits.setupTimeout())
                .asConnectionAcceptor(GatewayLimits.LARGEST_FRAME_BYTES)
                .apply(connection)
                .subscribe(null, error -> notSetUp(connection, error));
    }

    private static void notSetUp(FrameConnection connection, Throwable error) {
        if (error instanceof ClosedChannelException) {
            LOG.debug("{} closed before it was set up", connection);
        } else if (error.getCause() instanceof LevadaException refused) {
            LOG.debug(
                    "{} is not let in: {}", connection, refused.line()); // told by the log of denials, which is bounded
        } else {
            LOG.info("closing {}: {}", connection, Handshake.reason(error));
        }
        connection.dispose();
    }
}
