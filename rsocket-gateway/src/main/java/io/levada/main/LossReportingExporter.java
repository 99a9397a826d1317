package io.levada.main;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends spans, and says in one line of the log, at most once a minute, how many were not taken. Safe for any thread. */
final class LossReportingExporter implements SpanExporter {
    private static final Logger LOG = LoggerFactory.getLogger(LossReportingExporter.class);
    private static final long INTERVAL_NANOS = Duration.ofMinutes(1).toNanos();

    private final SpanExporter exporter;
    private final URI endpoint;
    private final AtomicLong lost = new AtomicLong();
    private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());

    LossReportingExporter(SpanExporter exporter, URI endpoint) {
        this.exporter = exporter;
        this.endpoint = endpoint;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        int count = spans.size();
        CompletableResultCode sent = exporter.export(spans);
        sent.whenComplete(() -> {
            if (!sent.isSuccess()) {
                lost(count, sent.getFailureThrowable());
            }
        });
        return sent;
    }

    private void lost(int spans, @Nullable Throwable why) {
        lost.addAndGet(spans);
        long now = System.nanoTime();
        long next = nextNanos.get();
        if (now - next >= 0 && nextNanos.compareAndSet(next, now + INTERVAL_NANOS)) {
            LOG.warn(
                    "{} spans were dropped, as {} did not take them{}; look at the collector",
                    lost.getAndSet(0),
                    endpoint,
                    why == null ? "" : " (" + why + ")");
        }
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }
}
