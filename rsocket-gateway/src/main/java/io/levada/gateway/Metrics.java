package io.levada.gateway;

import io.levada.facade.WaitReason;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.util.internal.PlatformDependent;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import reactor.core.publisher.Mono;

/**
 * The server as Prometheus reads it. Of subscriptions those of a topic, or of a group, are told together, and of these the
 * {@value #MOST_SUBJECTS} that lag most, so that a page stays small. Safe for any thread.
 */
final class Metrics implements AutoCloseable {
    private static final int MOST_SUBJECTS = 100;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final ServerStats server;
    private final MultiGauge waiting;
    private final MultiGauge lag;
    private final MultiGauge lagSeconds;

    /** Subscriptions that read for the same: a group, or, on their own account, a topic. */
    private record Subject(String group, String topic) {
        static Subject of(SubscriptionStats stats) {
            return new Subject(
                    Objects.requireNonNullElse(stats.subject().group(), ""),
                    Objects.requireNonNullElse(stats.subject().topic(), ""));
        }

        Tags tags() {
            return Tags.of("group", group, "topic", topic);
        }
    }

    Metrics(ServerStats server) {
        this.server = server;
        gauge("levada.connections", "clients connected", ServerStats::connections);
        gauge("levada.inflight.bytes", "bytes held for clients and not yet written", ServerStats::bytesInFlight);
        gauge("levada.inflight.limit.bytes", "the most that may be held for all", ServerStats::bytesInFlightLimit);
        counter("levada.storage.reads", "blocks read, each for all readers near it", stats -> stats.reads()
                .storageReads());
        counter("levada.storage.read.bytes", "bytes of these blocks", stats -> stats.reads()
                .storageReadBytes());
        counter(
                "levada.inflated.batches",
                "compressed batches inflated to be cut, filtered or given to one who does not accept their codec",
                stats -> stats.reads().inflatedBatches());
        Gauge.builder("levada.direct.bytes", PlatformDependent::usedDirectMemory)
                .description("memory beside the heap for what is read, written and cached")
                .register(registry);
        waiting = multi("levada.subscriptions", "subscriptions, by why they wait");
        lag = multi("levada.subscription.lag.records", "offsets not yet got to, of all subscriptions together");
        lagSeconds = multi("levada.subscription.lag.seconds", "age of the last record, of the one furthest behind");
        new JvmMemoryMetrics().bindTo(registry);
        collections.bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /** Tells when the certificate ends that new connections get. */
    void certificate(Supplier<Instant> expiry) {
        Gauge.builder("levada.tls.certificate.expiry.seconds", () -> expiry.get()
                        .getEpochSecond())
                .description("when the server's certificate ends, in seconds since 1970")
                .register(registry);
    }

    private void gauge(String name, String description, ToDoubleFunction<ServerStats> value) {
        Gauge.builder(name, server, value).description(description).register(registry);
    }

    private void counter(String name, String description, ToDoubleFunction<ServerStats> value) {
        FunctionCounter.builder(name, server, value).description(description).register(registry);
    }

    private MultiGauge multi(String name, String description) {
        return MultiGauge.builder(name).description(description).register(registry);
    }

    /** The page as of now. */
    Mono<String> scrape() {
        return server.subscriptions().map(this::page);
    }

    /** One at a time, as rows are replaced. */
    private synchronized String page(List<SubscriptionStats> subscriptions) {
        Map<WaitReason, Long> reasons =
                subscriptions.stream().collect(Collectors.groupingBy(SubscriptionStats::waits, Collectors.counting()));
        waiting.register(
                Arrays.stream(WaitReason.values())
                        .map(reason ->
                                MultiGauge.Row.of(Tags.of("waits", reason.name()), reasons.getOrDefault(reason, 0L)))
                        .collect(Collectors.toList()),
                true);
        Map<Subject, Long> records = subscriptions.stream()
                .collect(Collectors.groupingBy(Subject::of, Collectors.summingLong(each -> each.reader()
                        .lag())));
        long nowMs = System.currentTimeMillis();
        Map<Subject, Long> ages = subscriptions.stream()
                .collect(Collectors.toMap(Subject::of, each -> Math.max(0, each.lagMs(nowMs)), Math::max));
        List<Subject> most = records.entrySet().stream()
                .sorted(Map.Entry.<Subject, Long>comparingByValue(Comparator.reverseOrder()))
                .limit(MOST_SUBJECTS)
                .map(Map.Entry::getKey)
                .toList();
        rows(lag, most, subject -> records.getOrDefault(subject, 0L));
        rows(lagSeconds, most, subject -> ages.getOrDefault(subject, 0L) / 1_000.0);
        return registry.scrape();
    }

    private static void rows(MultiGauge gauge, List<Subject> subjects, Function<Subject, Number> value) {
        gauge.register(
                subjects.stream()
                        .map(subject -> MultiGauge.Row.of(subject.tags(), value.apply(subject)))
                        .collect(Collectors.toList()),
                true);
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
