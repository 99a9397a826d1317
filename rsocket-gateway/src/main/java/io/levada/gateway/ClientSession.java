package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.Principal;
import io.levada.facade.BatchReader;
import io.levada.facade.Engine;
import io.levada.protocol.Limits;
import io.levada.wire.Json;
import io.levada.wire.Subscribed;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.rsocket.ConnectionSetupPayload;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.exceptions.ConnectionCloseException;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.util.ByteBufPayload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

/**
 * What one connection asks for: finds routes, bounds how much is open at once, and knows the memberships that live with
 * the connection. rsocket-java calls it on the event loop; every payload received is released here.
 */
final class ClientSession implements RSocket {
    private static final Logger LOG = LoggerFactory.getLogger(ClientSession.class);

    private final GatewayLimits limits;
    private final FrameConnection connection;
    private final ServerStats server;
    private final Login login;
    private final Set<ClientStream> streams = new LinkedHashSet<>();
    private final Map<String, GroupChannel> members = new HashMap<>();
    private int pending;
    private boolean composite = true;
    private boolean goingAway;

    /**
     * @param doors who is let in, and to which engine
     * @param server how all of it stands
     */
    ClientSession(Doors doors, GatewayLimits limits, FrameConnection connection, ServerStats server) {
        this.server = server;
        this.limits = limits;
        this.connection = connection;
        this.login = new Login(doors, connection, limits.setupTimeout(), this::expired);
    }

    /** The engine, as this connection may use it. */
    Engine engine() {
        return login.entry().engine();
    }

    /** Whether it is known to be one of theirs. Safe for any thread. */
    boolean isOf(Predicate<String> principals) {
        return login.isOf(principals);
    }

    /** Whether it may know of what is somebody's. Safe for any thread. */
    boolean sees(String principal) {
        return login.sees(principal);
    }

    /** Whether it may know of the whole server. */
    boolean seesAll() {
        return login.seesAll();
    }

    /** Whose the connection is. */
    Principal principal() {
        return login.principal();
    }

    GatewayLimits limits() {
        return limits;
    }

    /** What batches and messages may measure. */
    Limits recordLimits() {
        return Limits.DEFAULT;
    }

    FrameConnection connection() {
        return connection;
    }

    static LevadaException goingAway() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the server stops; connect again, here or elsewhere");
    }

    /** Takes the connection's SETUP. */
    Mono<RSocket> accept(ConnectionSetupPayload setup) {
        String metadata = setup.metadataMimeType();
        if (!metadata.equals(Route.COMPOSITE) && !metadata.equals(Route.ROUTING)) {
            LOG.info("refusing {}: metadata of type {}", connection, metadata);
            return Mono.error(
                    new RejectedSetupException("metadata is to be " + Route.COMPOSITE + " or " + Route.ROUTING));
        }
        composite = metadata.equals(Route.COMPOSITE);
        ByteBuf presented = composite && setup.hasMetadata() ? setup.sliceMetadata() : Unpooled.EMPTY_BUFFER;
        return login.accept(presented)
                .<RSocket>thenReturn(this)
                .onErrorMap(error -> new RejectedSetupException(WireErrors.text(error), error));
    }

    /** A new token for the same connection. */
    @Override
    public Mono<Void> metadataPush(Payload pushed) {
        try {
            if (composite) {
                login.refresh(pushed.sliceMetadata());
            }
        } finally {
            pushed.release();
        }
        return Mono.empty();
    }

    private void expired(LevadaException why) {
        List.copyOf(streams).forEach(stream -> stream.fail(why));
    }

    @Override
    public Mono<Payload> requestResponse(Payload request) {
        try {
            Route route = route(request, Route.Interaction.REQUEST_RESPONSE);
            Mono<ByteBuf> answer = login.entry().requests().answer(route, request.sliceData());
            return counted(answer).map(ByteBufPayload::create).onErrorMap(this::told);
        } catch (RuntimeException error) {
            return Mono.error(told(error));
        } finally {
            request.release();
        }
    }

    @Override
    public Mono<Void> fireAndForget(Payload request) {
        try {
            Route route = route(request, Route.Interaction.FIRE_AND_FORGET);
            return counted(login.entry().requests().answer(route, request.sliceData()))
                    .doOnNext(ByteBuf::release)
                    .then()
                    .onErrorResume(error -> {
                        LOG.debug("{}: {} came to nothing", connection, route, error);
                        return Mono.empty();
                    });
        } catch (RuntimeException error) {
            LOG.debug("{}: a fire-and-forget came to nothing", connection, error);
            return Mono.empty();
        } finally {
            request.release();
        }
    }

    private Mono<ByteBuf> counted(Mono<ByteBuf> answer) {
        return Mono.defer(() -> {
            pending++;
            return answer.doFinally(signal -> connection.later(this::answered, () -> {}));
        });
    }

    private void answered() {
        pending--;
        closeIfDone();
    }

    @Override
    public Flux<Payload> requestStream(Payload request) {
        try {
            Route route = route(request, Route.Interaction.STREAM);
            Json wanted = Json.read(route.spelled(), request.sliceData());
            return Flux.create(sink -> stream(route, wanted, sink), FluxSink.OverflowStrategy.IGNORE);
        } catch (RuntimeException error) {
            return Flux.error(told(error));
        } finally {
            request.release();
        }
    }

    private void stream(Route route, Json wanted, FluxSink<Payload> sink) {
        switch (route) {
            case STATS -> opened(new StatsStream(this, sink, server)).open(wanted);
            case SESSION -> opened(new SessionStream(this, sink)).open(wanted);
            default -> opened(new PlainRead(this, sink)).open(route, wanted);
        }
    }

    private <T extends ClientStream> T opened(T stream) {
        streams.add(stream);
        return stream;
    }

    @Override
    public Flux<Payload> requestChannel(Publisher<Payload> messages) {
        return Flux.create(
                sink -> messages.subscribe(new ChannelInbound(sink, first -> channel(first, sink))),
                FluxSink.OverflowStrategy.IGNORE);
    }

    private ClientChannel channel(Payload first, FluxSink<Payload> sink) {
        Route route;
        try {
            route = route(first, Route.Interaction.CHANNEL);
        } catch (LevadaException error) {
            failed(error);
            throw error;
        }
        return opened(
                switch (route) {
                    case PUBLISH -> new PublishChannel(this, sink);
                    case GROUP -> new GroupChannel(this, sink);
                    default -> new BatchedRead(this, sink, route);
                });
    }

    /** The route of a request that may be served now. */
    private Route route(Payload request, Route.Interaction interaction) {
        if (goingAway) {
            throw goingAway();
        }
        login.check();
        if (streams.size() + pending >= limits.streamsPerConnection()) {
            throw new LevadaException(
                    ErrorCode.THROTTLED,
                    limits.streamsPerConnection() + " requests are open on this connection; end some, or use another");
        }
        return Route.of(request, composite, interaction);
    }

    /** The client is told of an error. */
    void failed(Throwable error) {
        server.traffic().failed(error);
    }

    private Throwable told(Throwable error) {
        failed(error);
        return WireErrors.forRSocket(error);
    }

    void closed(ClientStream stream) {
        streams.remove(stream);
        closeIfDone();
    }

    /** How this connection's subscriptions stand; to be called on its event loop. */
    List<CompletionStage<SubscriptionStats>> stats() {
        List<CompletionStage<SubscriptionStats>> stats = new ArrayList<>();
        for (ClientStream stream : streams) {
            if (stream instanceof Subscribed subscribed) {
                BatchReader reader = subscribed.reader();
                if (reader != null) {
                    stats.add(SubscriptionStats.of(subscribed, reader));
                }
            }
        }
        return stats;
    }

    void joined(String member, GroupChannel channel) {
        members.put(member, channel);
    }

    void left(String member, GroupChannel channel) {
        members.remove(member, channel);
    }

    /** The membership of that name on this connection. */
    GroupChannel member(String member) {
        @Nullable GroupChannel channel = members.get(member);
        if (channel == null) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_MEMBER_ID, "no member '" + member + "' lives on this connection; join first");
        }
        return channel;
    }

    /** Ends what is open, takes nothing new, and closes the connection when the last answer has gone out. */
    void goAway() {
        if (!goingAway) {
            goingAway = true;
            List.copyOf(streams).forEach(ClientStream::goAway);
            closeIfDone();
        }
    }

    private void closeIfDone() {
        if (!goingAway || pending > 0 || !connection.isOpen()) {
            return;
        } else if (streams.isEmpty()) {
            connection.sendErrorAndClose(new ConnectionCloseException(WireErrors.text(goingAway())));
        } else if (streams.stream().allMatch(SessionStream.class::isInstance)) {
            List.copyOf(streams).forEach(stream -> stream.fail(goingAway())); // the last of them comes back here
        }
    }
}
