package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.AccessControl;
import io.levada.access.Credentials;
import io.levada.access.Principal;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import io.rsocket.exceptions.ConnectionCloseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Who is at the other end of one connection: recognised at its SETUP, looked at again from time to time, refreshed in band
 * by the same principal. When what was presented counts no more its streams end, and soon after it does, unless something
 * fresh comes. For the event loop alone, except where said.
 */
final class Login {
    private static final Logger LOG = LoggerFactory.getLogger(Login.class);
    private final Doors doors;
    private final FrameConnection connection;
    private final Duration patience;
    private final Consumer<LevadaException> onExpired;
    private volatile Doors.@Nullable Entry entry;
    private @Nullable Principal principal;
    private @Nullable LevadaException expired;
    private @Nullable Future<?> next;
    private boolean refreshing;
    private @Nullable Credentials waiting;

    /**
     * @param patience how long an expired connection may stay to be refreshed
     * @param onExpired ends what is open
     */
    Login(Doors doors, FrameConnection connection, Duration patience, Consumer<LevadaException> onExpired) {
        this.doors = doors;
        this.connection = connection;
        this.patience = patience;
        this.onExpired = onExpired;
    }

    private AccessControl access() {
        return doors.access();
    }

    /** What it was let in to; to be asked once it was. */
    Doors.Entry entry() {
        return Objects.requireNonNull(entry, "nothing is served before SETUP is accepted");
    }

    /** Whose it is, as of what was presented last; to be asked once it was let in. */
    Principal principal() {
        return principal == null ? entry().principal() : principal;
    }

    /** Whether it was let in as one of theirs. Safe for any thread. */
    boolean isOf(Predicate<String> principals) {
        Doors.Entry known = entry;
        return known != null && principals.test(known.principal().name());
    }

    /** Whether it may know of what is somebody's. Safe for any thread. */
    boolean sees(String principal) {
        return seesAll() || principal.equals(entry().principal().name());
    }

    /** Whether it may know of the whole server. Safe for any thread. */
    boolean seesAll() {
        return access().isAdmin(entry().principal());
    }

    /** Lets the peer in, if it shows who it is; ends on the event loop, with the connection at the latest. */
    Mono<Void> accept(ByteBuf metadata) {
        if (!access().asks()) {
            entry = doors.entry(Principal.ANONYMOUS, connection.toString());
            return Mono.empty();
        }
        Credentials presented;
        try {
            presented = PeerCredentials.inMetadata(metadata);
        } catch (LevadaException e) {
            return Mono.error(e);
        }
        if (presented instanceof Credentials.None) {
            presented = connection.certificate();
        }
        Mono<Principal> recognised =
                onLoop(access().authenticate(presented, connection.toString())).doOnNext(this::begin);
        return Mono.create(sink -> {
            sink.onDispose(connection.onClose().subscribe(null, error -> {}, () -> sink.error(closedBefore())));
            recognised.subscribe(known -> sink.success(), sink::error);
        });
    }

    private static LevadaException closedBefore() {
        return new LevadaException(ErrorCode.GOING_AWAY, "the connection closed before it was known whose it is");
    }

    /** On the connection's event loop; never where it has closed in the meantime, or the loop is gone. */
    private <T> Mono<T> onLoop(Mono<T> answer) {
        return answer.flatMap(value -> Mono.<T>create(sink -> ifOpen(() -> sink.success(value))))
                .onErrorResume(error -> Mono.create(sink -> ifOpen(() -> sink.error(error))));
    }

    private void ifOpen(Runnable task) {
        connection.onLoop(
                () -> {
                    if (connection.isOpen()) {
                        task.run();
                    }
                },
                () -> {});
    }

    private void begin(Principal recognised) {
        access().connected(recognised);
        entry = doors.entry(recognised, connection.toString());
        principal = recognised;
        connection.onClose().subscribe(null, error -> {}, () -> {
            access().disconnected(recognised);
            cancelNext();
        });
        look();
    }

    /** Looks whether it still is who it was, and when to look again. */
    private void look() {
        Principal now = Objects.requireNonNull(principal);
        try {
            access().check(now);
        } catch (LevadaException e) {
            expire(e);
            return;
        }
        Instant end = now.expiresAt();
        Duration delay = doors.lookInterval();
        if (end != null) {
            Duration left = Duration.between(access().clock().instant(), end).plusMillis(1);
            delay = left.compareTo(delay) < 0 ? left : delay;
        }
        next(delay, this::look);
    }

    private void next(Duration delay, Runnable task) {
        cancelNext();
        if (connection.isOpen()) {
            next = connection.after(delay, task);
        }
    }

    private void cancelNext() {
        if (next != null) {
            next.cancel(false);
        }
    }

    private void expire(LevadaException why) {
        expired = why;
        next(patience, this::close);
        onExpired.accept(why);
    }

    /** A client that can says more by connecting again than by hearing that this did not do. */
    private void close() {
        connection.sendErrorAndClose(new ConnectionCloseException(WireErrors.text(new LevadaException(
                ErrorCode.GOING_AWAY, "what was presented for this connection counts no more; connect again"))));
    }

    /**
     * Whether requests are answered now.
     *
     * @throws LevadaException with {@link ErrorCode#TOKEN_EXPIRED}
     */
    void check() {
        if (expired != null) {
            throw expired;
        }
    }

    /** Takes what the peer presents anew; whatever is wrong with it changes nothing. */
    void refresh(ByteBuf metadata) {
        if (!access().asks() || principal == null) {
            return;
        }
        try {
            Credentials presented = PeerCredentials.inMetadata(metadata);
            if (!(presented instanceof Credentials.None)) {
                refresh(presented);
            }
        } catch (LevadaException e) {
            LOG.debug("{}: {}", connection, e.getMessage());
        }
    }

    /** One at a time, and of those that wait the last. */
    private void refresh(Credentials presented) {
        if (refreshing) {
            waiting = presented;
            return;
        }
        refreshing = true;
        onLoop(access().authenticate(presented, connection.toString()))
                .doFinally(end -> refreshNext())
                .subscribe(this::refreshed, error -> LOG.debug("{} is not refreshed", connection, error));
    }

    private void refreshNext() {
        refreshing = false;
        Credentials last = waiting;
        waiting = null;
        if (last != null) {
            refresh(last);
        }
    }

    private void refreshed(Principal fresh) {
        Principal before = Objects.requireNonNull(principal);
        if (fresh.name().equals(before.name())) {
            principal = fresh;
            expired = null;
            look();
        } else {
            LOG.info("{} is {}'s, and cannot become {}'s", connection, before, fresh);
        }
    }
}
