package io.levada.connect;

import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.RestartRequest;
import org.apache.kafka.connect.runtime.SessionKey;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.WorkerConfigTransformer;
import org.apache.kafka.connect.storage.AppliedConnectorConfig;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.storage.ConfigBackingStore;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.jspecify.annotations.Nullable;

/**
 * The connectors of all workers, kept in a topic. Any worker may change any of them: a change is published at the place it
 * was made from, so that of two that are made at once one is made anew. No worker leads.
 *
 * <p>Safe for any thread; changing blocks until the change is durable.
 */
final class ConnectorTable implements ConfigBackingStore, AutoCloseable {
    private final Levada levada;
    private final LogTable table;
    private final String workTopic;
    private final Map<String, ConnectorEntry> entries = new LinkedHashMap<>(); // guarded by itself
    private final Runnable changed;
    private volatile Supplier<@Nullable WorkerConfigTransformer> transformer = () -> null;

    /**
     * @param topic where it is kept
     * @param workTopic the topic of work, which has a partition for each slot
     * @param changed called after each change, whoever made it; must not block
     */
    ConnectorTable(Levada levada, String topic, String workTopic, Runnable changed) {
        this.levada = levada;
        this.table = new LogTable(levada, topic, this::heard);
        this.workTopic = workTopic;
        this.changed = changed;
    }

    /** What replaces references to secrets; to be set before a snapshot is asked for. */
    void resolveWith(Supplier<@Nullable WorkerConfigTransformer> supplier) {
        transformer = supplier;
    }

    @Override
    public void start() {
        table.start();
    }

    @Override
    public void stop() {}

    @Override
    public void close() {
        table.close();
    }

    private void heard(String name, byte @Nullable [] value) {
        synchronized (entries) {
            if (value == null) {
                entries.remove(name);
            } else {
                entries.put(name, Json.read(value, ConnectorEntry.class));
            }
        }
        changed.run();
    }

    /** All connectors by name, as they are known here now. */
    Map<String, ConnectorEntry> entries() {
        synchronized (entries) {
            return new LinkedHashMap<>(entries);
        }
    }

    /** What makes something else of an entry. */
    interface Change {
        /**
         * What is to be there.
         *
         * @param entry null where there is none
         * @param free where there is room for more
         * @return null to delete it; the same to leave it as it is
         */
        @Nullable
        ConnectorEntry apply(@Nullable ConnectorEntry entry, ConnectorEntry.Slots free);
    }

    /**
     * Changes a connector, or makes or deletes it. What is applied may be applied more than once, each time to what the log
     * holds then.
     */
    void change(String name, Change change) {
        while (true) {
            table.refresh();
            long place = table.place();
            Map<String, ConnectorEntry> known = entries();
            ConnectorEntry before = known.get(name);
            ConnectorEntry.Slots free = new ConnectorEntry.Slots(known.values());
            ConnectorEntry after = change.apply(before, free);
            if (Objects.equals(after, before)) {
                return;
            }
            if (after != null) {
                provide(free.count());
            }
            if (table.putIfUnchanged(place, name, after == null ? null : Json.write(after))) {
                return;
            }
        }
    }

    /** Changes one that is there. */
    void update(String name, UnaryOperator<ConnectorEntry> change) {
        change(name, (entry, free) -> change.apply(present(name, entry)));
    }

    private static ConnectorEntry present(String name, @Nullable ConnectorEntry entry) {
        if (entry == null) {
            throw new NotFoundException("Unknown connector " + name);
        }
        return entry;
    }

    /** Another worker may provide more at the same time, which is as good. */
    private void provide(int slots) {
        if (slots > TopicSpec.MAX_PARTITIONS) {
            throw new ConnectException("there may be " + TopicSpec.MAX_PARTITIONS
                    + " connectors and tasks together; use another group of workers for more");
        }
        while (levada.blocking().describeTopic(workTopic).partitions().size() < slots) {
            try {
                levada.blocking().addPartitions(workTopic, slots);
            } catch (LevadaException e) {
                if (e.code() != ErrorCode.INVALID_PARTITIONS) {
                    throw e;
                }
            }
        }
    }

    @Override
    public ClusterConfigState snapshot() {
        Map<String, Integer> counts = new HashMap<>();
        Map<String, Map<String, String>> configs = new LinkedHashMap<>();
        Map<String, TargetState> states = new HashMap<>();
        Map<ConnectorTaskId, Map<String, String>> tasks = new HashMap<>();
        Map<String, AppliedConnectorConfig> applied = new HashMap<>();
        entries().forEach((name, entry) -> {
            counts.put(name, entry.tasks().size());
            configs.put(name, entry.config());
            states.put(name, entry.state());
            for (int i = 0; i < entry.tasks().size(); i++) {
                tasks.put(new ConnectorTaskId(name, i), entry.tasks().get(i).config());
            }
            if (entry.applied() != null) {
                applied.put(name, new AppliedConnectorConfig(entry.applied()));
            }
        });
        return new ClusterConfigState(
                table.place(),
                null,
                counts,
                configs,
                states,
                tasks,
                Map.of(),
                Map.of(),
                applied,
                Set.of(),
                Set.of(),
                transformer.get());
    }

    @Override
    public boolean contains(String connector) {
        return entries().containsKey(connector);
    }

    @Override
    public void putConnectorConfig(
            String connector, Map<String, String> properties, @Nullable TargetState targetState) {
        put(connector, properties, targetState, before -> {});
    }

    /**
     * Makes a connector, or changes its configuration.
     *
     * @param state what it is to be; null for what it is, or started where it is new
     * @param check looks at what there was before, or null, and may throw
     */
    void put(
            String connector,
            Map<String, String> config,
            @Nullable TargetState state,
            Consumer<@Nullable ConnectorEntry> check) {
        change(connector, (entry, free) -> {
            check.accept(entry);
            TargetState known = entry == null ? TargetState.STARTED : entry.state();
            TargetState wanted = state == null ? known : state;
            return entry == null
                    ? new ConnectorEntry(config, wanted, free.next(), 0, 0, List.of(), null)
                    : entry.withConfig(config).withState(wanted);
        });
    }

    @Override
    public void removeConnectorConfig(String connector) {
        change(connector, (entry, free) -> null);
    }

    @Override
    public void putTaskConfigs(String connector, List<Map<String, String>> configs) {
        change(connector, (entry, free) -> present(connector, entry).withTasks(new ArrayList<>(configs), free));
    }

    @Override
    public void removeTaskConfigs(String connector) {
        update(connector, ConnectorEntry::withoutTasks);
    }

    /** One that is stopped has no tasks. */
    @Override
    public void putTargetState(String connector, TargetState state) {
        update(connector, entry -> {
            ConnectorEntry changing = state == TargetState.STOPPED ? entry.withoutTasks() : entry;
            return entry.state() == state ? entry : changing.withState(state);
        });
    }

    @Override
    public void refresh(long timeout, TimeUnit unit) {
        table.refresh();
    }

    @Override
    public void setUpdateListener(UpdateListener listener) {
        throw new UnsupportedOperationException("changes are told to who made this table");
    }

    @Override
    public void putSessionKey(SessionKey sessionKey) {
        throw new UnsupportedOperationException("workers do not call each other");
    }

    @Override
    public void putRestartRequest(RestartRequest restartRequest) {
        throw new UnsupportedOperationException("a restart is a change of an entry");
    }

    @Override
    public void putTaskCountRecord(String connector, int taskCount) {
        throw new UnsupportedOperationException("tasks are fenced by the group that gives out work");
    }

    @Override
    public void putLoggerLevel(String namespace, String level) {
        throw new UnsupportedOperationException("levels are each worker's own");
    }
}
