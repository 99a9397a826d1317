package io.levada.access;

import com.nimbusds.jose.jwk.JWK;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Tells from what a peer presents who it is, by all means that are configured. Safe for any thread; never blocks. */
final class Authenticator implements AutoCloseable {
    private static final int THREADS = 2;
    private static final int MAX_QUEUED = 1_000;
    /** Passwords take a core for a third of a second each, so they wait on threads of their own, few at a time. */
    private static final int PASSWORD_THREADS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    private static final int MAX_QUEUED_PASSWORDS = 32;
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private final @Nullable StaticTokens tokens;
    private final @Nullable JwtVerifier jwts;
    private final @Nullable Passwords passwords;
    private final @Nullable CertificateNames certificates;
    private final List<Runnable> watched = new ArrayList<>();
    private final InstantSource clock;
    private final Scheduler workers =
            Schedulers.newBoundedElastic(THREADS, MAX_QUEUED, "levada-access-tokens", 60, true);
    private final Scheduler passwordWorkers =
            Schedulers.newBoundedElastic(PASSWORD_THREADS, MAX_QUEUED_PASSWORDS, "levada-access-passwords", 60, true);

    /**
     * Reads all files.
     *
     * @param fetcher runs what blocks, one at a time
     * @throws LevadaException with {@link ErrorCode#INVALID_CONFIG} where one cannot be read
     */
    Authenticator(AccessSettings settings, InstantSource clock, Executor fetcher) {
        this.clock = clock;
        tokens = settings.tokens() == null
                ? null
                : new StaticTokens(watch("--auth-tokens", settings.tokens(), StaticTokens::parse));
        jwts = settings.jwt() == null ? null : jwts(settings.jwt(), fetcher);
        passwords = settings.passwords() == null
                ? null
                : new Passwords(watch("--auth-passwords", settings.passwords(), Passwords::parse));
        certificates = settings.certificates() == null
                ? null
                : new CertificateNames(watch("--auth-certificates", settings.certificates(), CertificateNames::parse));
    }

    private <T> WatchedFile<T> watch(String setting, Path path, WatchedFile.Parser<T> parser) {
        WatchedFile<T> file = new WatchedFile<>(setting, path, parser, clock);
        watched.add(file::look);
        return file;
    }

    private JwtVerifier jwts(JwtSettings settings, Executor fetcher) {
        KeySource keys = settings.keys() == null ? null : keys(settings.keys(), fetcher);
        WatchedFile<byte[]> secret =
                settings.secret() == null ? null : watch("--auth-jwt-secret", settings.secret(), Authenticator::secret);
        return new JwtVerifier(settings, keys, secret, clock);
    }

    private KeySource keys(String place, Executor fetcher) {
        URI url = RemoteKeys.url(place);
        if (url == null) {
            WatchedFile.Parser<List<JWK>> parser = KeySet::parse;
            return new FileKeys(watch("--auth-jwks", Path.of(place), parser));
        }
        RemoteKeys remote = new RemoteKeys(url, fetcher, System::nanoTime);
        watched.add(remote::look);
        return remote;
    }

    /** A line's end behind it is the editor's, not the secret's. */
    private static byte[] secret(String text) {
        byte[] secret = text.stripTrailing().getBytes(StandardCharsets.UTF_8);
        if (secret.length < 32) {
            throw Lines.wrong("a secret of HS256 has 32 bytes or more, not " + secret.length);
        }
        return secret;
    }

    /** Looks for changes; blocks. */
    void look() {
        watched.forEach(Runnable::run);
    }

    /**
     * Who it is; fails with {@link ErrorCode#UNAUTHENTICATED}, with {@link ErrorCode#TOKEN_EXPIRED}, with {@link
     * ErrorCode#THROTTLED} where too many ask at once, and with {@link ErrorCode#TIMEOUT} after five seconds. Answers on
     * any thread.
     */
    Mono<Principal> authenticate(Credentials presented) {
        Mono<Principal> found;
        if (presented instanceof Credentials.Bearer bearer) {
            found = Mono.defer(() -> bearer(bearer.token())).subscribeOn(workers);
        } else if (presented instanceof Credentials.Simple simple) {
            found = Mono.fromCallable(() -> simple(simple)).subscribeOn(passwordWorkers);
        } else if (presented instanceof Credentials.Certificate certificate) {
            found = Mono.fromCallable(() -> certificate(certificate));
        } else {
            found = Mono.error(() -> refused("say who you are: " + means()));
        }
        return found.timeout(LIMIT)
                .onErrorMap(
                        RejectedExecutionException.class,
                        e -> new LevadaException(
                                ErrorCode.THROTTLED, "too many ask to be recognised at once; try again later", e))
                .onErrorMap(
                        TimeoutException.class,
                        e -> new LevadaException(
                                ErrorCode.TIMEOUT,
                                "who you are was not found out within " + LIMIT.toSeconds() + " s",
                                e));
    }

    private String means() {
        List<String> means = new ArrayList<>();
        if (tokens != null || jwts != null) {
            means.add("a bearer token");
        }
        if (passwords != null) {
            means.add("a user and password");
        }
        if (certificates != null) {
            means.add("a client certificate");
        }
        return String.join(", or ", means);
    }

    private Mono<Principal> bearer(String token) {
        if (token.length() > Credentials.MAX_CHARS) {
            throw refused("a token has at most " + Credentials.MAX_CHARS + " characters");
        }
        Principal known = tokens == null ? null : tokens.find(token);
        if (known != null) {
            return Mono.just(known);
        } else if (jwts != null && JwtVerifier.isJwt(token)) {
            return jwts.verify(token);
        }
        throw refused(
                tokens == null && jwts == null
                        ? "tokens are not taken here, but " + means()
                        : "the token is not known");
    }

    private Principal simple(Credentials.Simple presented) {
        if (passwords == null) {
            throw refused("passwords are not taken here, but " + means());
        }
        String user = presented.user();
        String password = presented.password();
        Principal known = user.length() > Credentials.MAX_CHARS || password.length() > Credentials.MAX_CHARS
                ? null
                : passwords.find(user, password);
        if (known == null) {
            throw refused("user or password is wrong");
        }
        return known;
    }

    private Principal certificate(Credentials.Certificate presented) {
        Principal known = certificates == null ? null : certificates.find(presented);
        if (known == null) {
            throw refused("the certificate's subject stands for nobody here; say who you are: " + means());
        }
        known.check(clock.instant());
        return known;
    }

    private static LevadaException refused(String message) {
        return new LevadaException(ErrorCode.UNAUTHENTICATED, message);
    }

    @Override
    public void close() {
        workers.dispose();
        passwordWorkers.dispose();
    }
}
