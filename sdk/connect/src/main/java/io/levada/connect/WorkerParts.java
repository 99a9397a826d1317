package io.levada.connect;

import io.levada.Levada;
import java.util.Map;
import org.apache.kafka.connect.runtime.ConnectMetrics;
import org.apache.kafka.connect.runtime.TaskFactory;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.util.ConnectorTaskId;

/**
 * What all connectors and tasks of a worker share.
 *
 * @param worker this worker's id, {@code host:port} of its REST API
 * @param running the tasks that run here; for any thread
 */
record WorkerParts(
        String worker,
        Levada levada,
        Plugins plugins,
        WorkerConfig config,
        ConnectMetrics metrics,
        TaskFactory tasks,
        ConnectorTable connectors,
        OffsetTable offsets,
        StatusTable statuses,
        Map<ConnectorTaskId, TaskProgress> running) {}
