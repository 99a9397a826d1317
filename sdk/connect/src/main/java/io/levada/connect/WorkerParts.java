package io.levada.connect;

import io.levada.Levada;
import org.apache.kafka.connect.runtime.ConnectMetrics;
import org.apache.kafka.connect.runtime.TaskFactory;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.runtime.isolation.Plugins;

/**
 * What all connectors and tasks of a worker share.
 *
 * @param worker this worker's id, {@code host:port} of its REST API
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
        StatusTable statuses) {}
