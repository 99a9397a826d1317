package io.levada.connect;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.connector.Connector;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.runtime.AbstractHerder;
import org.apache.kafka.connect.runtime.AbstractStatus;
import org.apache.kafka.connect.runtime.CloseableConnectorContext;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.ConnectorStatus;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.TaskConfig;
import org.apache.kafka.connect.runtime.TooManyTasksException;
import org.apache.kafka.connect.runtime.WorkerConnector;
import org.apache.kafka.connect.runtime.isolation.LoaderSwap;
import org.apache.kafka.connect.runtime.isolation.PluginUtils;
import org.apache.kafka.connect.sink.SinkTask;
import org.apache.kafka.connect.storage.CloseableOffsetStorageReader;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.storage.ConnectorOffsetBackingStore;
import org.apache.kafka.connect.util.LoggingContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connector, as Connect runs it, which makes the configurations of its tasks. */
final class ConnectorUnit extends Unit {
    private static final Logger log = LoggerFactory.getLogger(ConnectorUnit.class);

    private final String connector;

    ConnectorUnit(String connector, WorkerParts parts) {
        super("connector-" + connector, parts);
        this.connector = connector;
    }

    @Override
    @SuppressWarnings("try") // a loader is swapped, and not looked at
    Run start(Wanted what) throws Exception {
        Map<String, String> config = parts().connectors().snapshot().connectorConfig(connector);
        if (config == null) {
            throw new ConnectException("connector " + connector + " is not there any more");
        }
        ClassLoader loader = parts().tasks().loader(config);
        try (LoaderSwap swap = parts().plugins().withClassLoader(loader)) {
            Connector plugin = parts().plugins()
                    .newConnector(
                            config.get(ConnectorConfig.CONNECTOR_CLASS_CONFIG),
                            PluginUtils.connectorVersionRequirement(config.get(ConnectorConfig.CONNECTOR_VERSION)));
            ConnectorRun run = new ConnectorRun(what, plugin);
            run.begin(config, loader);
            return run;
        }
    }

    @Override
    void tell(AbstractStatus.State state, Wanted what, @Nullable String version, @Nullable Throwable why) {
        parts().statuses()
                .putSafe(new ConnectorStatus(
                        connector,
                        state,
                        why == null ? null : Traces.of(why),
                        parts().worker(),
                        (int) what.generation(),
                        version));
    }

    /** A connector on its thread, and what it may ask of the worker. */
    private final class ConnectorRun extends StateTeller<String>
            implements Run, ConnectorStatus.Listener, CloseableConnectorContext {
        private final Wanted what;
        private final Connector plugin;
        private final AtomicBoolean making = new AtomicBoolean();
        private volatile @Nullable WorkerConnector running;
        private volatile boolean makeAgain;
        private volatile boolean closed;

        ConnectorRun(Wanted what, Connector plugin) {
            this.what = what;
            this.plugin = plugin;
        }

        void begin(Map<String, String> config, ClassLoader loader) {
            boolean sink = parts().tasks().isSink(config);
            ConnectorConfig parsed = sink
                    ? new SinkConnectorConfig(parts().plugins(), config)
                    : new SourceConnectorConfig(
                            parts().plugins(), config, parts().config().topicCreationEnable());
            ConnectorOffsetBackingStore offsets = sink
                    ? null
                    : ConnectorOffsetBackingStore.withOnlyWorkerStore(
                            () -> LoggingContext.forConnector(connector),
                            parts().offsets(),
                            parts().offsets().topic());
            CloseableOffsetStorageReader reader =
                    offsets == null ? null : parts().tasks().offsetReader(offsets, connector);
            WorkerConnector made = new WorkerConnector(
                    connector, plugin, parsed, this, parts().metrics(), this, reader, offsets, loader);
            running = made;
            transitionTo(what.state());
            daemon("connect-" + name(), parts().plugins().withClassLoader(loader, made))
                    .start();
        }

        private WorkerConnector begun() {
            WorkerConnector made = running;
            if (made == null) {
                throw new IllegalStateException(name() + " was not begun");
            }
            return made;
        }

        @Override
        public void transitionTo(TargetState state) {
            begun().transitionTo(state, (error, reached) -> {
                if (error != null) {
                    log.warn("{} is not {}: {}", name(), state, error.getMessage());
                } else if (reached == TargetState.STARTED) {
                    requestTaskReconfiguration();
                }
            });
        }

        @Override
        public void stop() {
            begun().shutdown();
        }

        @Override
        public boolean awaitStop(long ms) {
            return begun().awaitShutdown(ms);
        }

        @Override
        public void cancel() {
            begun().cancel();
        }

        /** On a thread of its own, since a plugin may take its time; one at a time. */
        @Override
        public void requestTaskReconfiguration() {
            makeAgain = true;
            if (!closed && making.compareAndSet(false, true)) {
                daemon("connect-" + name() + "-tasks", this::makeTasks).start();
            }
        }

        private void makeTasks() {
            try {
                while (makeAgain && !closed) {
                    makeAgain = false;
                    makeTasksOnce();
                }
            } catch (TooManyTasksException e) {
                begun().fail(e);
                failed();
            } catch (Exception | LinkageError e) {
                log.error("the tasks of {} cannot be made", connector, e);
                onFailure(connector, e);
            } finally {
                making.set(false);
                if (makeAgain && !closed) {
                    requestTaskReconfiguration();
                }
            }
        }

        private void makeTasksOnce() {
            ClusterConfigState known = parts().connectors().snapshot();
            Map<String, String> config = known.connectorConfig(connector);
            if (config == null || known.targetState(connector) != TargetState.STARTED) {
                return;
            }
            List<Map<String, String>> raw = AbstractHerder.reverseTransform(connector, known, taskConfigs(config));
            if (AbstractHerder.taskConfigsChanged(known, connector, raw)) {
                parts().connectors().putTaskConfigs(connector, raw);
                log.info("connector {} has {} tasks", connector, raw.size());
            }
        }

        @SuppressWarnings("try")
        private List<Map<String, String>> taskConfigs(Map<String, String> config) {
            WorkerConnector made = begun();
            try (LoaderSwap swap = parts().plugins().withClassLoader(made.loader())) {
                ConnectorConfig parsed = new ConnectorConfig(parts().plugins(), config);
                List<Map<String, String>> configs = plugin.taskConfigs(parsed.tasksMax());
                if (configs.size() > parsed.tasksMax() && parsed.enforceTasksMax()) {
                    throw new TooManyTasksException(connector, configs.size(), parsed.tasksMax());
                }
                return configs.stream().map(each -> completed(each, config)).toList();
            }
        }

        /** With what Connect adds to what a connector says. */
        private Map<String, String> completed(Map<String, String> said, Map<String, String> config) {
            Map<String, String> task = new HashMap<>(said);
            task.put(TaskConfig.TASK_CLASS_CONFIG, plugin.taskClass().getName());
            for (String topics : List.of(SinkTask.TOPICS_CONFIG, SinkTask.TOPICS_REGEX_CONFIG)) {
                if (config.containsKey(topics)) {
                    task.put(topics, config.get(topics));
                }
            }
            return task;
        }

        @Override
        public void raiseError(Exception error) {
            if (closed) {
                throw new ConnectException("connector " + connector + " was stopped, it has nothing to say any more");
            }
            onFailure(connector, error);
        }

        @Override
        public PluginMetrics pluginMetrics() {
            return parts().metrics().connectorPluginMetrics(connector);
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        void tell(AbstractStatus.State state, @Nullable Throwable why) {
            ConnectorUnit.this.tell(state, what, plugin.version(), why);
        }

        @Override
        void failed() {
            ConnectorUnit.this.failed(this);
        }
    }
}
