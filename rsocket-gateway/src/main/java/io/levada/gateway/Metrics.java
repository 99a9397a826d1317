package io.levada.gateway;

import io.levada.facade.EngineHealth;
import io.levada.facade.EngineTotals;
import io.levada.facade.WaitReason;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.util.internal.PlatformDependent;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
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

    private final PrometheusMeterRegistry registry;
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final ServerStats server;
    private final MultiGauge waiting;
    private final MultiGauge lag;
    private final MultiGauge lagSeconds;
    private volatile EngineTotals totals = EngineTotals.NONE;
    private volatile EngineHealth health = EngineHealth.SOUND;

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

    /**
     * @param registry that the server's {@link Traffic} counts in too; closed with this
     */
    Metrics(PrometheusMeterRegistry registry, ServerStats server) {
        this.registry = registry;
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
        log();
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

    /** Of the log, which is looked at once for each page. */
    private void log() {
        seen("levada.topics", "topics, internal ones too", now -> now.totals.topics());
        seen("levada.partitions", "partitions of all topics", now -> now.totals.partitions());
        seen("levada.log.bytes", "bytes of all records, as they are stored", now -> now.totals.bytes());
        seen(
                "levada.problems",
                "ranges of offsets, or partitions, that are not as they should be",
                now -> now.health.problemCount());
        seen("levada.publishing", "1 while something can be published", now -> now.health.refusal() == null ? 1 : 0);
        seen("levada.start.clean", "1 where nothing had to be recovered", now -> now.health.cleanStart() ? 1 : 0);
        seen(
                "levada.start.recovered.partitions",
                "partitions that recovery changed",
                now -> now.health.recoveredPartitions());
        FunctionCounter.builder("levada.group.rebalances", this, now -> now.totals.rebalances())
                .description("changes of groups' members or assignments")
                .register(registry);
        FunctionTimer.builder(
                        "levada.journal.force",
                        this,
                        now -> now.totals.forces(),
                        now -> now.totals.forceNanos(),
                        TimeUnit.NANOSECONDS)
                .description("rounds in which what waited was made durable together")
                .register(registry);
    }

    private void seen(String name, String description, ToDoubleFunction<Metrics> value) {
        Gauge.builder(name, this, value).description(description).register(registry);
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

    /** What the server counts in. */
    Traffic traffic() {
        return server.traffic();
    }

    /** The page as of now. */
    Mono<String> scrape() {
        return server.subscriptions().map(this::page);
    }

    /** One at a time, as rows are replaced. */
    private synchronized String page(List<SubscriptionStats> subscriptions) {
        totals = server.totals();
        health = server.health();
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
