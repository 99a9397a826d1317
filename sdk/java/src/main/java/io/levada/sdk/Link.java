package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.LevadaOptions.Security;
import io.netty.channel.EventLoop;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.metadata.WellKnownMimeType;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * The one connection to a server, with the one event loop it lives on. It is made when first needed and made anew when it
 * was lost; streams opened on a lost one fail, and do not move over by themselves.
 *
 * <p>Safe for any thread. Streams are confined to the event loop: their state is touched there only.
 */
final class Link {
    private final LinkLimits limits;
    private final Credentials credentials;
    private final ClientLoop clientLoop = ClientLoop.acquire();
    private final EventLoop loop = clientLoop.loop();
    private final Scheduler onLoop = Schedulers.fromExecutor(this::onLoop);
    private final Dialer dialer;
    private final Sinks.Empty<Void> closing = Sinks.empty();
    private final Mono<Void> closed = Mono.defer(this::close).cache();
    private final Set<RemoteStream> streams = new LinkedHashSet<>(); // on the loop
    private final Set<Waiting> pauses = new LinkedHashSet<>(); // on the loop

    private @Nullable Attempt attempt; // guarded by this
    private boolean shut; // guarded by this

    /** Shows nothing of itself, and trusts whom Java trusts. */
    Link(Address address, LinkLimits limits) {
        this(address, limits, Credentials.of(address, Security.NONE));
    }

    Link(Address address, LinkLimits limits, Credentials credentials) {
        this.limits = limits;
        this.credentials = credentials;
        this.dialer = new Dialer(address, limits, clientLoop);
    }

    LinkLimits limits() {
        return limits;
    }

    Address address() {
        return dialer.address();
    }

    /** What became of a request or a stream, as ours. */
    LevadaException error(Throwable error) {
        return dialer.error(error);
    }

    /** Runs on the event loop: at once when called there, in the caller when the loop is no more. */
    void onLoop(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
            return;
        }
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            task.run();
        }
    }

    /** The connection as it is, or a new one; fails with CONNECTION_LOST or, once shut down, GOING_AWAY. */
    Mono<RSocket> connection() {
        synchronized (this) {
            if (shut) {
                return Mono.error(goingAway());
            }
            Attempt known = attempt;
            if (known == null || known.isOver()) {
                known = new Attempt();
                attempt = known;
            }
            return known.result;
        }
    }

    /**
     * One request and its answer, read while its buffer lives. Sent on the loop, as streams are: rsocket-java numbers a
     * request and sends it in two steps, so that threads which do both at once send numbers that do not ascend.
     */
    <T> Mono<T> request(String route, JsonNode data, Function<JsonNode, T> answer) {
        return exchange(route, data, answer, () -> {});
    }

    /**
     * The same for what does no harm when it is done twice: after a lost connection it is asked again on the next one, for as
     * long as streams outlive theirs.
     */
    <T> Mono<T> repeatable(String route, JsonNode data, Function<JsonNode, T> answer) {
        if (!limits.reconnects()) {
            return Mono.defer(() -> request(route, data, answer));
        }
        Mono<T> asked = Mono.defer(() -> {
            long begun = System.nanoTime();
            Retry again = Retry.backoff(Long.MAX_VALUE, Backoff.FIRST)
                    .maxBackoff(Backoff.MOST)
                    .filter(error -> isLost(error)
                            && System.nanoTime() - begun
                                    < limits.reconnectTimeout().toNanos());
            return Mono.defer(() -> request(route, data, answer)).retryWhen(again);
        });
        return Mono.firstWithSignal(asked, closing.asMono().then(Mono.error(Link::goingAway)));
    }

    private boolean isLost(Throwable error) {
        ErrorCode code = LevadaException.of(error).code();
        return (code == ErrorCode.CONNECTION_LOST || code == ErrorCode.GOING_AWAY) && !isShut();
    }

    /**
     * The same for what changes something, and may do harm when it is done twice: once it is on its way, a lost connection
     * and an answer that does not come are OUTCOME_UNKNOWN.
     */
    <T> Mono<T> change(String route, JsonNode data, Function<JsonNode, T> answer) {
        return Mono.defer(() -> {
            AtomicBoolean sent = new AtomicBoolean();
            return exchange(route, data, answer, () -> sent.set(true))
                    .onErrorMap(LevadaException.class, error -> sent.get() ? unanswered(route, error) : error);
        });
    }

    private static LevadaException unanswered(String route, LevadaException error) {
        boolean unknown = error.code() == ErrorCode.CONNECTION_LOST || error.code() == ErrorCode.TIMEOUT;
        return unknown
                ? new LevadaException(
                        ErrorCode.OUTCOME_UNKNOWN,
                        "whether " + route + " was done is not known, look before you ask again: " + error.getMessage(),
                        error)
                : error;
    }

    private <T> Mono<T> exchange(String route, JsonNode data, Function<JsonNode, T> answer, Runnable sending) {
        Mono<T> exchange = connection()
                .flatMap(rsocket -> Mono.defer(() -> {
                            sending.run();
                            return rsocket.requestResponse(Wire.opening(route, Wire.json(data)));
                        })
                        .subscribeOn(onLoop))
                .map(payload -> Wire.answer(route, payload, answer))
                .switchIfEmpty(Mono.error(() -> Wire.notUnderstood(route, "there is no answer")))
                .timeout(limits.timeout(), Mono.error(() -> tooLate(route)))
                .onErrorMap(this::error)
                .contextWrite(Wire.LATE_ERRORS);
        return Mono.firstWithSignal(exchange, closing.asMono().then(Mono.error(Link::goingAway)));
    }

    /** Lists a stream among those that end with the link; one that comes too late ends at once. On the loop. */
    void register(RemoteStream stream) {
        if (isShut()) {
            stream.fail(goingAway());
        } else {
            streams.add(stream);
        }
    }

    void unregister(RemoteStream stream) {
        streams.remove(stream);
    }

    /** A wait before something is tried again. */
    interface Pause {
        void cancel();
    }

    /** Runs something later; or something else at once, when this is shut down before. On the loop. */
    Pause pause(Duration time, Runnable later, Runnable whenShut) {
        Waiting waiting = new Waiting(later, whenShut);
        if (isShut()) {
            whenShut.run();
        } else {
            pauses.add(waiting);
            waiting.timer = loop.schedule(waiting, time.toMillis(), TimeUnit.MILLISECONDS);
        }
        return waiting;
    }

    private final class Waiting implements Pause, Runnable {
        private final Runnable later;
        private final Runnable whenShut;
        private @Nullable Future<?> timer;

        Waiting(Runnable later, Runnable whenShut) {
            this.later = later;
            this.whenShut = whenShut;
        }

        @Override
        public void run() {
            if (pauses.remove(this)) {
                later.run();
            }
        }

        @Override
        public void cancel() {
            pauses.remove(this);
            Future<?> running = timer;
            if (running != null) {
                running.cancel(false);
            }
        }

        void shut() {
            cancel();
            whenShut.run();
        }
    }

    /** Ends all streams with GOING_AWAY, then the connection, and leaves the event loop. */
    Mono<Void> shutdown() {
        return closed;
    }

    synchronized boolean isShut() {
        return shut;
    }

    private Mono<Void> close() {
        Attempt last;
        synchronized (this) {
            shut = true;
            last = attempt;
        }
        Mono<Void> streamsEnded = Mono.create(done -> onLoop(() -> {
            closing.tryEmitEmpty();
            for (RemoteStream stream : List.copyOf(streams)) {
                stream.fail(goingAway());
            }
            List.copyOf(pauses).forEach(Waiting::shut);
            done.success();
        }));
        Mono<Void> connectionClosed = last == null ? Mono.empty() : Mono.defer(last::close);
        return streamsEnded.then(connectionClosed).then(clientLoop.release()).then(dialer.close());
    }

    private LevadaException tooLate(String route) {
        return new LevadaException(
                ErrorCode.TIMEOUT,
                address().hostAndPort() + " did not answer " + route + " within "
                        + limits.timeout().toMillis() + " ms; is it the port that a Levada server speaks RSocket on?");
    }

    static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "this client was closed");
    }

    /** One try at a connection, and the connection that came of it. */
    private final class Attempt {
        final Mono<RSocket> result = credentials
                .read()
                .flatMap(this::connect)
                .timeout(limits.timeout())
                .onErrorMap(dialer::unreachable)
                .doOnError(error -> failed = true)
                .cache();
        private volatile @Nullable RSocket rsocket;
        private volatile boolean failed;

        private Mono<RSocket> connect(Credentials.Current current) {
            Token token = current.token();
            RSocketConnector connector = RSocketConnector.create()
                    .payloadDecoder(PayloadDecoder.ZERO_COPY)
                    .metadataMimeType(WellKnownMimeType.MESSAGE_RSOCKET_COMPOSITE_METADATA.getString())
                    .dataMimeType(WellKnownMimeType.APPLICATION_JSON.getString())
                    .keepAlive(limits.keepaliveInterval(), limits.keepaliveLimit())
                    .maxInboundPayloadSize(LinkLimits.MAX_MESSAGE_BYTES);
            if (token != null) {
                connector.setupPayload(Mono.fromSupplier(token::payload));
            }
            return connector.connect(dialer.transport(current.tls())).doOnNext(connected -> {
                opened(connected);
                if (token != null) {
                    TokenWatch.start(Link.this, credentials, connected, token);
                }
            });
        }

        private void opened(RSocket connected) {
            rsocket = connected;
            if (isShut()) {
                connected.dispose();
            }
        }

        boolean isOver() {
            RSocket connected = rsocket;
            return failed || (connected != null && connected.isDisposed());
        }

        Mono<Void> close() {
            RSocket connected = rsocket;
            if (connected == null) {
                return Mono.empty();
            }
            onLoop(connected::dispose);
            return connected.onClose().onErrorComplete().timeout(LinkLimits.CLOSE_LIMIT, Mono.empty());
        }
    }
}
