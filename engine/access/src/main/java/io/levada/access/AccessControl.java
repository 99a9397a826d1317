package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.Engine;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Who may do what with an engine, for every transport: {@link #authenticate} what a peer presents, and give it the engine
 * {@link #engineFor} it, or ask for its {@link #rights} where there is none. Files of settings are read again as they change. Safe for any thread; never blocks.
 */
public final class AccessControl implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AccessControl.class);
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final @Nullable Locks locks;
    private final InstantSource clock;

    /** What there is where peers are asked. */
    private record Locks(
            AccessSettings settings,
            Authenticator authenticator,
            Permissions permissions,
            Quotas quotas,
            AuditLog audit,
            ScheduledExecutorService looker) {}

    private AccessControl(@Nullable Locks locks, InstantSource clock) {
        this.locks = locks;
        this.clock = clock;
    }

    /** Asks nobody, and lets everybody do everything. */
    public static AccessControl open() {
        return new AccessControl(null, InstantSource.system());
    }

    /**
     * Asks everybody.
     *
     * @throws LevadaException with {@link ErrorCode#INVALID_CONFIG} where a setting is wrong; its message names it
     */
    public static AccessControl start(AccessSettings settings) {
        return start(settings, InstantSource.system());
    }

    static AccessControl start(AccessSettings settings, InstantSource clock) {
        ScheduledExecutorService looker = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "levada-access");
            thread.setDaemon(true);
            return thread;
        });
        try {
            Permissions permissions = new Permissions(settings.permissions(), clock);
            AccessControl access = new AccessControl(
                    new Locks(
                            settings,
                            new Authenticator(settings, clock, looker),
                            permissions,
                            new Quotas(permissions, settings.quotas(), System::nanoTime),
                            new AuditLog(System::nanoTime),
                            looker),
                    clock);
            access.keepLooking(looker);
            return access;
        } catch (RuntimeException e) {
            looker.shutdownNow();
            throw e;
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // it never fails, and ends with its thread
    private void keepLooking(ScheduledExecutorService looker) {
        looker.scheduleWithFixedDelay(this::lookSafely, 0, LOOK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void lookSafely() {
        try {
            look();
        } catch (RuntimeException e) {
            LOG.error("files of settings were not looked at", e);
        }
    }

    /** Reads again what has changed; blocks. One at a time, so that each change is seen, and told, once. */
    synchronized void look() {
        if (locks != null) {
            locks.authenticator.look();
            locks.permissions.look();
            locks.quotas.sweep();
        }
    }

    /** Whether peers have to say who they are. */
    public boolean asks() {
        return locks != null;
    }

    /** Whether a user's name and password are a means of saying who one is. */
    public boolean takesPasswords() {
        return locks != null && locks.settings.passwords() != null;
    }

    /** Whether metrics are for everybody. */
    public boolean openMetrics() {
        return locks == null || locks.settings.openMetrics();
    }

    /**
     * Who a peer is; fails with {@link ErrorCode#UNAUTHENTICATED}, {@link ErrorCode#TOKEN_EXPIRED}, {@link
     * ErrorCode#THROTTLED} or {@link ErrorCode#TIMEOUT}. Answers on any thread.
     *
     * @param peer where it asks from, for the log
     */
    public Mono<Principal> authenticate(Credentials presented, String peer) {
        Locks asked = locks;
        return asked == null
                ? Mono.just(Principal.ANONYMOUS)
                : asked.authenticator
                        .authenticate(presented)
                        .doOnError(
                                LevadaException.class,
                                error -> asked.audit.unrecognised(presented, error.code(), peer));
    }

    /**
     * Whether it still is who it was.
     *
     * @throws LevadaException with {@link ErrorCode#TOKEN_EXPIRED}
     */
    public void check(Principal principal) {
        principal.check(clock.instant());
    }

    /** The time that expiry goes by. */
    public InstantSource clock() {
        return clock;
    }

    /**
     * The engine as that principal may use it, whoever looks after its expiry.
     *
     * @param peer where it asks from, for the log
     */
    public Engine engineFor(Engine engine, Principal principal, String peer) {
        return locks == null ? engine : new GuardedEngine(engine, caller(locks, principal, peer));
    }

    /**
     * The same for one that cannot be refreshed: what was opened ends with {@link ErrorCode#TOKEN_EXPIRED} where it goes on
     * behind the principal's time.
     */
    public Engine engineUntilExpiry(Engine engine, Principal principal, String peer) {
        return locks == null
                ? engine
                : new GuardedEngine(engine, caller(locks, principal, peer).until(() -> check(principal)));
    }

    /**
     * What that principal may do with what is no engine's.
     *
     * @param peer where it asks from, for the log
     */
    public Rights rights(Principal principal, String peer) {
        return new Rights(locks == null ? null : caller(locks, principal, peer));
    }

    private static Caller caller(Locks locks, Principal principal, String peer) {
        return new Caller(principal, peer, locks.permissions, locks.quotas, locks.audit);
    }

    /** Whether it may see what is the whole server's, and others'. */
    public boolean isAdmin(Principal principal) {
        return locks == null || locks.permissions.allows(principal, Operation.ADMIN, ResourceType.SERVER, "*");
    }

    /**
     * The same, noted where it is not so.
     *
     * @param what it asks for
     * @throws LevadaException with {@link ErrorCode#CLUSTER_AUTHORIZATION_FAILED}
     */
    public void requireAdmin(Principal principal, String what, String peer) {
        rights(principal, peer).require(Operation.ADMIN, ResourceType.SERVER, what);
    }

    /**
     * Counts one more connection of that principal, to be {@link #disconnected}.
     *
     * @throws LevadaException with {@link ErrorCode#THROTTLED} where that goes beyond its quota
     */
    public void connected(Principal principal) {
        LevadaException refused = locks == null ? null : locks.quotas.take(Quotas.Kind.CONNECTIONS, principal);
        if (refused != null) {
            throw refused;
        }
    }

    /** A connection that was counted is gone. */
    public void disconnected(Principal principal) {
        if (locks != null) {
            locks.quotas.give(Quotas.Kind.CONNECTIONS, principal);
        }
    }

    @Override
    public void close() {
        if (locks != null) {
            locks.looker.shutdownNow();
            locks.authenticator.close();
        }
    }
}
