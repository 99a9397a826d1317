package io.levada.connect;

import io.levada.Levada;
import io.levada.TopicSpec;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.TaskFactory;
import org.apache.kafka.connect.runtime.Worker;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker: runs connectors and their tasks against a log, together with the other workers of its group. What it keeps is in
 * topics of the log, so that it holds nothing that another could not take over.
 */
public final class ConnectWorker implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ConnectWorker.class);
    private static final long CLOSE_LIMIT_S = 20;

    private final WorkerParts parts;
    private final Board board;
    private final WorkGroup work;
    private final WorkerHerder herder;
    private final WorkerMetrics metrics;
    private final ExecutorService closing = Executors.newCachedThreadPool(task -> Unit.daemon("connect-closing", task));

    private ConnectWorker(Levada levada, String group, String worker, WorkerSettings settings) {
        long begun = System.nanoTime();
        Plugins plugins = new PluginDirectories(settings.originalsStrings());
        String workTopic = group + "-work";
        MissingTopic.make(levada, TopicSpec.of(workTopic));
        OffsetTable offsets = new OffsetTable(levada, group + "-offsets");
        StatusTable statuses = new StatusTable(levada, group + "-status", worker);
        ConnectorTable connectors = new ConnectorTable(levada, group + "-configs", workTopic, this::look);
        Worker shared = new Worker(
                worker, Time.SYSTEM, plugins, settings, offsets, new AllConnectorClientConfigOverridePolicy());
        connectors.resolveWith(shared::configTransformer);
        parts = new WorkerParts(
                worker,
                levada,
                plugins,
                settings,
                shared.metrics(),
                new TaskFactory(plugins, settings, shared.metrics(), statuses, closing),
                connectors,
                offsets,
                statuses,
                new ConcurrentHashMap<>());
        metrics = new WorkerMetrics(parts);
        board = new Board(parts);
        work = new WorkGroup(levada, group, workTopic, worker, board);
        herder = new WorkerHerder(shared, parts);
        log.info("{} plugins in {} ms", plugins.connectors().size(), (System.nanoTime() - begun) / 1_000_000);
    }

    /**
     * A worker that runs from when this returns. Blocks until it knows what there is.
     *
     * @param group which workers share connectors; also how its topics' names begin
     * @param worker this worker's id, {@code host:port} of its REST API
     * @param settings by Kafka Connect's names, {@code plugin.path} among them
     */
    public static ConnectWorker start(Levada levada, String group, String worker, Map<String, String> settings) {
        ConnectWorker started = new ConnectWorker(levada, group, worker, WorkerSettings.of(group, settings));
        started.parts.offsets().start();
        started.parts.statuses().start();
        started.parts.connectors().start();
        started.herder.start();
        started.work.join();
        return started;
    }

    /** Not before the table of connectors is started, which is when all is made. */
    private void look() {
        board.look();
    }

    /** What Kafka Connect's REST API is answered by. */
    public Herder herder() {
        return herder;
    }

    /** Its metrics, as a page for Prometheus. Blocks. */
    public String metricsPage() {
        return metrics.page();
    }

    /** Stops what runs, as far as it stops in time, and lets others have it. */
    @Override
    public void close() {
        herder.stop();
        try {
            board.close().get(CLOSE_LIMIT_S, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            log.warn("what runs has not ended within {} s; it is given up", CLOSE_LIMIT_S);
        } catch (Exception e) {
            log.warn("what runs could not be ended: {}", e.getMessage());
        }
        work.leave();
        parts.statuses().close();
        parts.connectors().close();
        parts.offsets().stop();
        closing.shutdown();
        parts.metrics().stop();
    }
}
