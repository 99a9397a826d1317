package io.levada.connect;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.errors.AlreadyExistsException;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.AbstractHerder;
import org.apache.kafka.connect.runtime.HerderRequest;
import org.apache.kafka.connect.runtime.RestartPlan;
import org.apache.kafka.connect.runtime.RestartRequest;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.Worker;
import org.apache.kafka.connect.runtime.rest.InternalRequestSignature;
import org.apache.kafka.connect.runtime.rest.entities.ConfigKeyInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo;
import org.apache.kafka.connect.runtime.rest.entities.Message;
import org.apache.kafka.connect.runtime.rest.entities.TaskInfo;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.util.Callback;
import org.apache.kafka.connect.util.ConnectUtils;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.jspecify.annotations.Nullable;

/**
 * What Connect's REST API asks for, done by changing the table of connectors; whatever runs follows it by itself, in this worker
 * or another. What is asked for is done on threads of its own, so that what takes long keeps nothing else waiting.
 */
final class WorkerHerder extends AbstractHerder {
    private final WorkerParts parts;
    private final ConnectorPositions positions;
    private final Secrets secrets = new Secrets(this::passwordsOf);
    private final ExecutorService asked = Executors.newCachedThreadPool(task -> Unit.daemon("connect-request", task));
    private final ScheduledExecutorService later =
            Executors.newSingleThreadScheduledExecutor(task -> Unit.daemon("connect-later", task));

    WorkerHerder(Worker worker, WorkerParts parts) {
        super(
                worker,
                parts.worker(),
                parts.config().kafkaClusterId(),
                parts.statuses(),
                parts.connectors(),
                new AllConnectorClientConfigOverridePolicy(),
                Time.SYSTEM);
        this.parts = parts;
        this.positions = new ConnectorPositions(parts);
    }

    @Override
    public void start() {
        ready();
    }

    @Override
    public void stop() {
        asked.shutdownNow();
        later.shutdownNow();
    }

    @Override
    protected int generation() {
        return 0;
    }

    private interface Answer<T> {
        T get() throws Exception;
    }

    private interface Deed {
        void run() throws Exception;
    }

    private void done(Callback<Void> callback, Deed deed) {
        asked.execute(() -> {
            try {
                deed.run();
            } catch (Exception | LinkageError e) {
                callback.onCompletion(e, null);
                return;
            }
            callback.onCompletion(null, null);
        });
    }

    private <T> void answer(Callback<T> callback, Answer<T> answer) {
        asked.execute(() -> {
            T value;
            try {
                value = answer.get();
            } catch (Exception | LinkageError e) {
                callback.onCompletion(e, null);
                return;
            }
            callback.onCompletion(null, value);
        });
    }

    private ClusterConfigState known() {
        return parts.connectors().snapshot();
    }

    private ClusterConfigState knowing(String connector) {
        ClusterConfigState state = known();
        if (!state.contains(connector)) {
            throw new NotFoundException("Connector " + connector + " not found");
        }
        return state;
    }

    private ConnectorInfo info(String connector) {
        ClusterConfigState state = knowing(connector);
        Map<String, String> config = state.rawConnectorConfig(connector);
        return new ConnectorInfo(
                connector, secrets.masked(config, config), state.tasks(connector), connectorType(config));
    }

    private Set<String> passwordsOf(String type) {
        try {
            return connectorPluginConfig(type).stream()
                    .filter(setting -> ConfigDef.Type.PASSWORD.name().equals(setting.type()))
                    .map(ConfigKeyInfo::name)
                    .collect(Collectors.toUnmodifiableSet());
        } catch (ConnectException e) {
            return Set.of(); // a plugin that is there no more says nothing; names do
        }
    }

    @Override
    public @Nullable ConnectorInfo connectorInfo(String connector) {
        return known().contains(connector) ? info(connector) : null;
    }

    @Override
    protected Map<String, String> rawConfig(String connector) {
        return known().rawConnectorConfig(connector);
    }

    @Override
    public void healthCheck(Callback<Void> callback) {
        done(callback, () -> parts.connectors().refresh(0, TimeUnit.SECONDS));
    }

    @Override
    public void connectors(Callback<Collection<String>> callback) {
        answer(callback, () -> known().connectors());
    }

    @Override
    public void connectorInfo(String connector, Callback<ConnectorInfo> callback) {
        answer(callback, () -> info(connector));
    }

    @Override
    public void putConnectorConfig(
            String connector,
            Map<String, String> config,
            boolean allowReplace,
            Callback<Created<ConnectorInfo>> callback) {
        putConnectorConfig(connector, config, null, allowReplace, callback);
    }

    @Override
    public void putConnectorConfig(
            String connector,
            Map<String, String> given,
            @Nullable TargetState state,
            boolean allowReplace,
            Callback<Created<ConnectorInfo>> callback) {
        Map<String, String> stored = known().rawConnectorConfig(connector);
        Map<String, String> config = stored == null ? given : Secrets.restored(given, stored);
        validateConnectorConfig(config, (error, found) -> {
            if (error != null) {
                callback.onCompletion(error, null);
            } else if (!maybeAddConfigErrors(found, callback)) {
                answer(callback, () -> put(connector, config, state, allowReplace));
            }
        });
    }

    @Override
    protected Map<String, ConfigValue> validateSourceConnectorConfig(
            SourceConnector connector, ConfigDef definition, Map<String, String> config) {
        Map<String, ConfigValue> found = super.validateSourceConnectorConfig(connector, definition, config);
        ExactlyOnce.validate(connector, config, found.get(SourceConnectorConfig.EXACTLY_ONCE_SUPPORT_CONFIG));
        return found;
    }

    private Created<ConnectorInfo> put(
            String connector, Map<String, String> config, @Nullable TargetState state, boolean allowReplace) {
        boolean[] created = new boolean[1];
        parts.connectors().put(connector, config, state, before -> {
            created[0] = before == null;
            if (before != null && !allowReplace) {
                throw new AlreadyExistsException("Connector " + connector + " already exists");
            }
        });
        return new Created<>(created[0], info(connector));
    }

    @Override
    public void patchConnectorConfig(
            String connector, Map<String, String> patch, Callback<Created<ConnectorInfo>> callback) {
        Map<String, String> config;
        try {
            config = ConnectUtils.patchConfig(info(connector).config(), patch);
        } catch (NotFoundException e) {
            callback.onCompletion(e, null);
            return;
        }
        putConnectorConfig(connector, config, null, true, callback);
    }

    @Override
    public void deleteConnectorConfig(String connector, Callback<Created<ConnectorInfo>> callback) {
        answer(callback, () -> {
            knowing(connector);
            parts.connectors().removeConnectorConfig(connector);
            onDeletion(connector);
            return new Created<>(false, null);
        });
    }

    /** A connector asks for it itself, where it runs. */
    @Override
    public void requestTaskReconfiguration(String connector) {
        throw new UnsupportedOperationException("connectors ask for this where they run");
    }

    @Override
    public void taskConfigs(String connector, Callback<List<TaskInfo>> callback) {
        answer(callback, () -> {
            ClusterConfigState state = knowing(connector);
            List<TaskInfo> tasks = new ArrayList<>();
            for (ConnectorTaskId id : state.tasks(connector)) {
                tasks.add(
                        new TaskInfo(id, secrets.masked(state.rawConnectorConfig(connector), state.rawTaskConfig(id))));
            }
            return tasks;
        });
    }

    @Override
    public void putTaskConfigs(
            String connector,
            List<Map<String, String>> configs,
            Callback<Void> callback,
            InternalRequestSignature signature) {
        throw new UnsupportedOperationException("workers do not call each other");
    }

    @Override
    public void fenceZombieSourceTasks(String connector, Callback<Void> callback, InternalRequestSignature signature) {
        throw new UnsupportedOperationException("tasks are fenced by the group that gives out work");
    }

    @Override
    public void restartTask(ConnectorTaskId id, Callback<Void> callback) {
        done(callback, () -> {
            if (knowing(id.connector()).taskCount(id.connector()) <= id.task()) {
                throw new NotFoundException("Task " + id + " not found");
            }
            parts.connectors().update(id.connector(), entry -> entry.taskRestarted(id.task()));
        });
    }

    @Override
    public void restartConnector(String connector, Callback<Void> callback) {
        done(callback, () -> {
            knowing(connector);
            parts.connectors().update(connector, ConnectorEntry::restarted);
        });
    }

    @Override
    public HerderRequest restartConnector(long delayMs, String connector, Callback<Void> callback) {
        Future<?> waiting = later.schedule(() -> restartConnector(connector, callback), delayMs, TimeUnit.MILLISECONDS);
        return () -> waiting.cancel(false);
    }

    @Override
    public void restartConnectorAndTasks(RestartRequest request, Callback<ConnectorStateInfo> callback) {
        answer(callback, () -> {
            String connector = request.connectorName();
            if (!known().contains(connector)) {
                throw new NotFoundException("Unknown connector: " + connector);
            }
            Optional<RestartPlan> found = buildRestartPlan(request);
            RestartPlan plan =
                    found.orElseThrow(() -> new NotFoundException("Status for connector " + connector + " not found"));
            parts.connectors().update(connector, entry -> {
                ConnectorEntry changed = plan.shouldRestartConnector() ? entry.restarted() : entry;
                for (ConnectorTaskId id : plan.taskIdsToRestart()) {
                    changed = id.task() < changed.tasks().size() ? changed.taskRestarted(id.task()) : changed;
                }
                return changed;
            });
            return plan.restartConnectorStateInfo();
        });
    }

    @Override
    public void stopConnector(String connector, Callback<Void> callback) {
        done(callback, () -> {
            knowing(connector);
            parts.connectors().putTargetState(connector, TargetState.STOPPED);
        });
    }

    @Override
    public void connectorOffsets(String connector, Callback<ConnectorOffsets> callback) {
        answer(callback, () -> positions.of(connector, knowing(connector).connectorConfig(connector)));
    }

    @Override
    protected void modifyConnectorOffsets(
            String connector, @Nullable Map<Map<String, ?>, Map<String, ?>> offsets, Callback<Message> callback) {
        answer(callback, () -> {
            ClusterConfigState state = knowing(connector);
            if (state.targetState(connector) != TargetState.STOPPED || state.taskCount(connector) != 0) {
                throw new BadRequestException(
                        "Connectors must be in the STOPPED state before their offsets can be modified. "
                                + "This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/"
                                + connector + "/stop' endpoint");
            }
            return positions.change(connector, state.connectorConfig(connector), offsets);
        });
    }

    @Override
    public void setClusterLoggerLevel(String namespace, String level) {
        setWorkerLoggerLevel(namespace, level);
    }
}
