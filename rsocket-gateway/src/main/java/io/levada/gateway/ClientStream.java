package io.levada.gateway;

import io.levada.LevadaException;
import io.rsocket.Payload;
import reactor.core.publisher.FluxSink;

/** One open stream or channel of a connection. For the event loop alone, except {@link #later}. */
abstract class ClientStream {
    final ClientSession session;
    final Outlet outlet;
    private boolean ended;

    ClientStream(ClientSession session, FluxSink<Payload> sink) {
        this.session = session;
        this.outlet =
                new Outlet(sink, session.connection().budget(), session.limits().maxQueuedMessages(), this::overflown);
        sink.onCancel(this::cancelled);
    }

    /** How a stream came to its end. */
    enum Ending {
        /** This side completed or failed it. */
        SERVER,
        /** The client cancelled it. */
        CANCELLED,
        /** The connection is gone. */
        CUT_OFF
    }

    /** The stream has ended, by whichever side; called once. */
    abstract void onEnd(Ending ending);

    /** The server stops: what is in flight may finish, nothing else. */
    void goAway() {
        fail(ClientSession.goingAway());
    }

    /**
     * Runs on the event loop, in the order of the calls; for the engine's threads. Never at once, so that an engine that
     * calls back while it is called finds this stream in order.
     */
    public final void later(Runnable task) {
        later(task, () -> {});
    }

    /**
     * The same.
     *
     * @param rejected runs instead once the event loop is gone
     */
    final void later(Runnable task, Runnable rejected) {
        session.connection().later(task, rejected);
    }

    final void fail(Throwable error) {
        if (!ended) {
            session.failed(error);
            outlet.fail(error);
            ended(Ending.SERVER);
        }
    }

    void complete() {
        if (!ended) {
            outlet.complete();
            ended(Ending.SERVER);
        }
    }

    /** Whether {@link #onEnd} was called. */
    final boolean hasEnded() {
        return ended;
    }

    private void overflown(LevadaException error) {
        session.failed(error);
        ended(Ending.SERVER);
    }

    private void cancelled() {
        outlet.end();
        ended(session.connection().isOpen() ? Ending.CANCELLED : Ending.CUT_OFF);
    }

    private void ended(Ending ending) {
        if (!ended) {
            ended = true;
            session.closed(this);
            onEnd(ending);
        }
    }
}
