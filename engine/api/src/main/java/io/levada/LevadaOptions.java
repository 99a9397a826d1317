package io.levada;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * What a caller may set when opening a log. Immutable.
 *
 * @param callbacks where users' callbacks run; they may block there, each on a thread of its own, so give a scheduler with
 *     more threads where more of them block at a time (the default has ten for each processor)
 * @param publishWindowRecords most records in flight for one {@code publish} stream, 1 to 1,000,000
 * @param batchBytes encoded size at which a batch is sent without waiting for more, 1 KiB to 1 MiB
 * @param readWindowBytes most bytes held for one subscription, 64 KiB to 1 GiB
 * @param compression codec of the batches published
 * @param connectTimeout how long opening a remote address, and a single request, may take
 * @param reconnectTimeout how long streams to a remote address outlive their connection, to go on on another one: they try
 *     again after 100 ms first, then ever more rarely, at least every 10 s, members of groups
 *     every second; zero to fail at once instead
 * @param producerName who publishes, 1 to 200 of A-Z a-z 0-9 . _ -, or null: of all streams under one name, in whatever
 *     process, only the one that began last publishes; those before it fail with {@link
 *     ErrorCode#INVALID_PRODUCER_EPOCH} at their next record, whichever topic or partition it is for
 * @param security how this client and the server of a remote address know each other
 */
public record LevadaOptions(
        Scheduler callbacks,
        int publishWindowRecords,
        int batchBytes,
        int readWindowBytes,
        Compression compression,
        Duration connectTimeout,
        Duration reconnectTimeout,
        @Nullable String producerName,
        Security security) {

    public LevadaOptions {
        require(publishWindowRecords >= 1 && publishWindowRecords <= 1_000_000, "publishWindowRecords: 1 to 1000000");
        require(batchBytes >= 1 << 10 && batchBytes <= 1 << 20, "batchBytes: 1 KiB to 1 MiB");
        require(readWindowBytes >= 1 << 16 && readWindowBytes <= 1 << 30, "readWindowBytes: 64 KiB to 1 GiB");
        require(!connectTimeout.isNegative() && !connectTimeout.isZero(), "connectTimeout: above zero");
        require(!reconnectTimeout.isNegative(), "reconnectTimeout: zero or above");
        require(
                producerName == null || TopicSpec.isName(producerName),
                "producerName: 1 to 200 of A-Z a-z 0-9 . _ -, not . or ..");
    }

    public static LevadaOptions defaults() {
        return new LevadaOptions(
                Schedulers.boundedElastic(),
                16_384,
                64 << 10,
                4 << 20,
                Compression.NONE,
                Duration.ofSeconds(10),
                Duration.ofMinutes(2),
                null,
                Security.NONE);
    }

    public LevadaOptions withCallbacks(Scheduler value) {
        return new LevadaOptions(
                value,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                security);
    }

    public LevadaOptions withPublishWindowRecords(int value) {
        return new LevadaOptions(
                callbacks,
                value,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                security);
    }

    public LevadaOptions withBatchBytes(int value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                value,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                security);
    }

    public LevadaOptions withReadWindowBytes(int value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                value,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                security);
    }

    public LevadaOptions withCompression(Compression value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                value,
                connectTimeout,
                reconnectTimeout,
                producerName,
                security);
    }

    public LevadaOptions withConnectTimeout(Duration value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                value,
                reconnectTimeout,
                producerName,
                security);
    }

    public LevadaOptions withReconnectTimeout(Duration value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                value,
                producerName,
                security);
    }

    public LevadaOptions withProducerName(@Nullable String value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                value,
                security);
    }

    public LevadaOptions withSecurity(Security value) {
        return new LevadaOptions(
                callbacks,
                publishWindowRecords,
                batchBytes,
                readWindowBytes,
                compression,
                connectTimeout,
                reconnectTimeout,
                producerName,
                value);
    }

    /** A file with the bearer token for remote addresses; see {@link Security#tokenFile}. */
    public LevadaOptions withTokenFile(@Nullable String value) {
        return withSecurity(new Security(
                value,
                security.tokenInPlainText,
                security.trustedCertificates,
                security.clientCertificate,
                security.clientKey));
    }

    /** Lets the token go where everybody on the way can read it; see {@link Security#tokenInPlainText}. */
    public LevadaOptions withTokenInPlainText(boolean value) {
        return withSecurity(new Security(
                security.tokenFile,
                value,
                security.trustedCertificates,
                security.clientCertificate,
                security.clientKey));
    }

    /** Whose certificates are trusted; see {@link Security#trustedCertificates}. */
    public LevadaOptions withTrustedCertificates(@Nullable String value) {
        return withSecurity(new Security(
                security.tokenFile, security.tokenInPlainText, value, security.clientCertificate, security.clientKey));
    }

    /** What this client shows of itself; see {@link Security#clientCertificate}. */
    public LevadaOptions withClientCertificate(@Nullable String certificate, @Nullable String key) {
        return withSecurity(new Security(
                security.tokenFile, security.tokenInPlainText, security.trustedCertificates, certificate, key));
    }

    /**
     * How a client and a server know each other. Its files are read at each connection, so that they may be renewed while a
     * client lives; of the token the server is also told when its file changes. Immutable.
     *
     * @param tokenFile a file with the bearer token that says who this client is, or null
     * @param tokenInPlainText whether the token may be sent without TLS to an address that is not loopback's: for a network
     *     that is private by other means
     * @param trustedCertificates a PEM file with the certificates that servers' are to be issued by, in place of those that
     *     Java trusts, or null; of {@code rsockets:} and {@code wss:}
     * @param clientCertificate a PEM file with the certificate that this client shows, and behind it those that lead to one
     *     the server trusts, or null
     * @param clientKey a PEM file with its private key, in PKCS#8 and not encrypted, or null
     */
    public record Security(
            @Nullable String tokenFile,
            boolean tokenInPlainText,
            @Nullable String trustedCertificates,
            @Nullable String clientCertificate,
            @Nullable String clientKey) {
        /** No token, no certificate, and whom Java trusts. */
        public static final Security NONE = new Security(null, false, null, null, null);

        public Security {
            require(
                    (clientCertificate == null) == (clientKey == null),
                    "a client's certificate and its key go together: --tls-certificate and --tls-key");
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, what);
        }
    }
}
