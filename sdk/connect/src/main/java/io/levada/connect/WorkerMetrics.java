package io.levada.connect;

import io.levada.ErrorCode;
import io.levada.GroupDescription;
import io.levada.LevadaException;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metrics of a worker as a page for Prometheus: those of Connect's tasks, named as they are there, with {@code kafka_connect_}
 * before them; how far each sink is behind; how long ago each task got something done. Keeps nothing; safe for any thread.
 */
final class WorkerMetrics {
    private static final Logger log = LoggerFactory.getLogger(WorkerMetrics.class);

    private final WorkerParts parts;

    WorkerMetrics(WorkerParts parts) {
        this.parts = parts;
    }

    /** The page, as of now. Asks the log for the places of groups; blocks. */
    String page() {
        MetricSnapshots.Builder page = MetricSnapshots.builder();
        addTasks(page);
        addAges(page);
        addLags(page);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(text, page.build(), EscapingScheme.DEFAULT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private void addTasks(MetricSnapshots.Builder page) {
        TaskSeries series = new TaskSeries();
        parts.metrics().metrics().metrics().values().forEach(series::add);
        series.addTo(page);
    }

    private static GaugeSnapshot.GaugeDataPointSnapshot point(Labels labels, double value) {
        return GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .labels(labels)
                .value(value)
                .build();
    }

    private void addAges(MetricSnapshots.Builder page) {
        GaugeSnapshot.Builder ages = GaugeSnapshot.builder()
                .name("levada_connect_task_last_success_age_seconds")
                .help(
                        "Seconds since a source's record was durable, or a sink's place committed, or since the task began");
        parts.running()
                .forEach((id, progress) -> ages.dataPoint(point(
                        Labels.of("connector", id.connector(), "task", String.valueOf(id.task())),
                        progress.ageSeconds())));
        page.metricSnapshot(ages.build());
    }

    /** Of sinks that have a task here. */
    private void addLags(MetricSnapshots.Builder page) {
        GaugeSnapshot.Builder lags = GaugeSnapshot.builder()
                .name("levada_connect_sink_lag_records")
                .help("Records between what a sink has committed and the end of a partition");
        Set<String> connectors = new TreeSet<>();
        for (ConnectorTaskId id : parts.running().keySet()) {
            connectors.add(id.connector());
        }
        Map<String, ConnectorEntry> entries = parts.connectors().entries();
        for (String connector : connectors) {
            ConnectorEntry entry = entries.get(connector);
            if (entry != null && parts.tasks().isSink(entry.config())) {
                addLag(lags, connector, SinkGroups.of(entry.config()));
            }
        }
        page.metricSnapshot(lags.build());
    }

    private void addLag(GaugeSnapshot.Builder lags, String connector, String group) {
        try {
            for (GroupDescription.GroupOffset place :
                    parts.levada().blocking().describeGroup(group).offsets()) {
                Labels labels = Labels.of("connector", connector, "topic", place.topic());
                lags.dataPoint(point(labels.add("partition", String.valueOf(place.partition())), (double) place.lag()));
            }
        } catch (LevadaException e) {
            if (e.code() != ErrorCode.GROUP_ID_NOT_FOUND) {
                log.debug("the lag of {} is not known: {}", connector, e.line());
            }
        }
    }
}
