package io.levada.access;

import com.nimbusds.jose.jwk.JWK;
import io.levada.LevadaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A key set at an http(s) URL: fetched at the start, every five minutes, and when a token names a key that is not known,
 * then at most once in ten seconds, whoever asks. While it cannot be fetched, what was known stays.
 */
final class RemoteKeys implements KeySource {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteKeys.class);
    static final Duration LEAST_INTERVAL = Duration.ofSeconds(10);
    static final Duration INTERVAL = Duration.ofMinutes(5);
    private static final int TIMEOUT_MS = 5_000;
    private static final int MAX_BYTES = 1 << 20;

    private final URI url;
    private final Executor fetcher;
    private final LongSupplier nanos;
    private volatile List<JWK> keys = List.of();
    private @Nullable CompletableFuture<Void> fetching;
    private @Nullable Long fetchedNanos;
    private boolean failing;

    /**
     * @param fetcher runs what blocks, one at a time
     */
    RemoteKeys(URI url, Executor fetcher, LongSupplier nanos) {
        this.url = url;
        this.fetcher = fetcher;
        this.nanos = nanos;
    }

    /** The URL, or null where it is none; fails with {@code INVALID_CONFIG} where it is one that cannot be fetched. */
    static @Nullable URI url(String text) {
        if (!text.startsWith("http://") && !text.startsWith("https://")) {
            return null;
        }
        try {
            URI url = new URI(text);
            if (url.getHost() == null || url.getUserInfo() != null) {
                throw Lines.wrong("the URL is to name a host, and no user");
            }
            return url;
        } catch (URISyntaxException e) {
            throw Lines.wrong("no URL: " + e.getMessage());
        }
    }

    @Override
    public List<JWK> keys() {
        return keys;
    }

    @Override
    public synchronized CompletionStage<Void> refresh() {
        return refresh(LEAST_INTERVAL);
    }

    @Override
    public synchronized void look() {
        refresh(keys.isEmpty() ? LEAST_INTERVAL : INTERVAL);
    }

    private CompletionStage<Void> refresh(Duration interval) {
        if (fetching != null) {
            return fetching;
        }
        long now = nanos.getAsLong();
        if (fetchedNanos != null && now - fetchedNanos < interval.toNanos()) {
            return CompletableFuture.completedStage(null);
        }
        fetchedNanos = now;
        CompletableFuture<Void> done = new CompletableFuture<>();
        fetching = done;
        fetcher.execute(() -> {
            fetch();
            synchronized (this) {
                fetching = null;
            }
            done.complete(null);
        });
        return done;
    }

    private void fetch() {
        try {
            keys = KeySet.parse(get());
            if (failing) {
                LOG.info("the key set at {} is there again", url);
            }
            failing = false;
        } catch (IOException | LevadaException e) {
            if (!failing) {
                LOG.warn("the key set at {} cannot be had, so those keys count that are known: {}", url, e.toString());
            }
            failing = true;
        }
    }

    private String get() throws IOException {
        HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
        connection.setConnectTimeout(TIMEOUT_MS);
        connection.setReadTimeout(TIMEOUT_MS);
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setRequestProperty("Accept", "application/jwk-set+json, application/json");
        try {
            if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
                throw new IOException("it answers with status " + connection.getResponseCode());
            }
            try (InputStream in = connection.getInputStream()) {
                byte[] bytes = in.readNBytes(MAX_BYTES + 1);
                if (bytes.length > MAX_BYTES) {
                    throw new IOException("more than " + MAX_BYTES + " bytes");
                }
                return new String(bytes, StandardCharsets.UTF_8);
            }
        } finally {
            connection.disconnect();
        }
    }
}
