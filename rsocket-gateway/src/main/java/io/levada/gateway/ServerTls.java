package io.levada.gateway;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of TLS: each new connection gets the certificate that the files held when they were last found good. They
 * are looked at again and again; a certificate and a key that do not belong together are logged, and what was there before goes
 * on. Handshakes are computed on threads of their own, fewer than processors, so that however many clients come, those who
 * are there are served. Safe for any thread.
 */
final class ServerTls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServerTls.class);

    private final TlsConfig config;
    private final ScheduledThreadPoolExecutor threads;
    private volatile Loaded loaded;
    private @Nullable String wrong; // by the thread that looks
    private @Nullable String told; // by the thread that looks

    private record Loaded(String digest, SslContext context, Instant expiry) {
        static Loaded of(TlsFiles files) {
            return new Loaded(files.digest(), files.context(), files.expiry());
        }
    }

    /** Fails with INVALID_REQUEST when the files cannot be used. Blocks. */
    @SuppressWarnings("FutureReturnValueIgnored") // looking catches what goes wrong
    ServerTls(TlsConfig config) {
        this.config = config;
        this.loaded = Loaded.of(TlsFiles.read(config));
        // Its queue holds at most one task for each connection in its handshake.
        this.threads = new ScheduledThreadPoolExecutor(
                Math.max(1, Runtime.getRuntime().availableProcessors() / 2), ServerTls::thread);
        threads.setRemoveOnCancelPolicy(true);
        long ms = config.interval().toMillis();
        threads.scheduleWithFixedDelay(this::look, ms, ms, TimeUnit.MILLISECONDS);
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "levada-tls");
        thread.setDaemon(true);
        return thread;
    }

    /** When the certificate that new connections get ends. */
    Instant expiry() {
        return loaded.expiry();
    }

    /** For all connections; what it gives each is of the moment. */
    SslContext context() {
        return new Latest();
    }

    /**
     * Takes up what the files hold now. Two files are not replaced at one time, so what is wrong is logged when it is so the
     * second time, and once.
     */
    private void look() {
        @Nullable String found = null;
        try {
            TlsFiles files = TlsFiles.read(config);
            if (!files.digest().equals(loaded.digest())) {
                loaded = Loaded.of(files);
                LOG.info("new connections get the certificate that ends {}", loaded.expiry());
            }
        } catch (RuntimeException e) {
            found = String.valueOf(e.getMessage());
            if (found.equals(wrong) && !found.equals(told)) {
                LOG.error("the certificate that ends {} is used still, for: {}", loaded.expiry(), found);
                told = found;
            }
        }
        wrong = found;
        told = found == null ? null : told;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    /** Whatever was loaded last, to reactor-netty, which knows one for the life of a server. */
    private final class Latest extends SslContext {
        @Override
        public boolean isClient() {
            return false;
        }

        @Override
        public List<String> cipherSuites() {
            return loaded.context().cipherSuites();
        }

        @Override
        @SuppressWarnings("deprecation") // the type; a context has to have one
        public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
            return loaded.context().applicationProtocolNegotiator();
        }

        @Override
        public SSLEngine newEngine(ByteBufAllocator alloc) {
            return loaded.context().newEngine(alloc);
        }

        @Override
        public SSLEngine newEngine(ByteBufAllocator alloc, String peerHost, int peerPort) {
            return loaded.context().newEngine(alloc, peerHost, peerPort);
        }

        @Override
        public SSLSessionContext sessionContext() {
            return loaded.context().sessionContext();
        }

        @Override
        protected SslHandler newHandler(ByteBufAllocator alloc, boolean startTls) {
            return loaded.context().newHandler(alloc, threads);
        }
    }
}
