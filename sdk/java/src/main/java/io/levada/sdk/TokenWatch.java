package io.levada.sdk;

import io.levada.LevadaException;
import io.rsocket.RSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Schedulers;

/**
 * Tells the server of one connection when the file holds another token. It looks again and again until the connection closes,
 * the more often the sooner the token ends.
 */
final class TokenWatch {
    private static final Logger LOG = LoggerFactory.getLogger(TokenWatch.class);
    private static final Duration SOONEST = Duration.ofMillis(200);

    private final Link link;
    private final Credentials credentials;
    private final RSocket connection;
    private final Disposable.Swap timer = Disposables.swap();
    private Token told; // by one look after the other

    private TokenWatch(Link link, Credentials credentials, RSocket connection, Token told) {
        this.link = link;
        this.credentials = credentials;
        this.connection = connection;
        this.told = told;
    }

    /**
     * Begins.
     *
     * @param told what the server was told when the connection was set up
     */
    static void start(Link link, Credentials credentials, RSocket connection, Token told) {
        TokenWatch watch = new TokenWatch(link, credentials, connection, told);
        watch.lookLater();
        connection.onClose().subscribe(null, error -> watch.timer.dispose(), watch.timer::dispose);
    }

    private void lookLater() {
        long ms = wait(told, Instant.now(), link.limits().tokenInterval()).toMillis();
        timer.update(Schedulers.boundedElastic().schedule(this::look, ms, TimeUnit.MILLISECONDS));
    }

    /** Half of the time that is left, within bounds. */
    static Duration wait(Token token, Instant now, Duration interval) {
        Instant end = token.expiry();
        if (end == null || !end.isAfter(now)) {
            return interval;
        }
        Duration half = Duration.between(now, end).dividedBy(2);
        Duration atLeast = half.compareTo(SOONEST) < 0 ? SOONEST : half;
        return atLeast.compareTo(interval) < 0 ? atLeast : interval;
    }

    private void look() {
        try {
            Token found = credentials.token();
            if (found != null && !found.text().equals(told.text())) {
                told = found;
                link.onLoop(() -> tell(found));
            }
        } catch (LevadaException e) {
            LOG.debug("the token goes on for now: {}", e.getMessage());
        }
        lookLater();
    }

    private void tell(Token token) {
        if (!connection.isDisposed()) {
            connection
                    .metadataPush(token.payload())
                    .subscribe(null, error -> LOG.debug("the new token was not told: {}", error.toString()));
        }
    }
}
