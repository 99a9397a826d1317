package io.levada.connect;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.runtime.TargetState;
import org.jspecify.annotations.Nullable;

/**
 * All that is kept of a connector, in one record, so that it changes at once. Immutable.
 *
 * @param config as it was given, with references to secrets and not the secrets
 * @param state what it is to be
 * @param slot where the connector itself runs: a partition of the topic of work
 * @param restarts how often its restart was asked for
 * @param tasksVersion how often its tasks were made; they start anew with each
 * @param tasks in the order of their numbers
 * @param applied the configuration that its tasks were made of, or null where none were
 */
record ConnectorEntry(
        @JsonProperty("config") Map<String, String> config,
        @JsonProperty("state") TargetState state,
        @JsonProperty("slot") int slot,
        @JsonProperty("restarts") int restarts,
        @JsonProperty("tasksVersion") int tasksVersion,
        @JsonProperty("tasks") List<Task> tasks,
        @JsonProperty("applied") @Nullable Map<String, String> applied) {

    /** A task, and where it runs. */
    record Task(
            @JsonProperty("config") Map<String, String> config,
            @JsonProperty("slot") int slot,
            @JsonProperty("restarts") int restarts) {}

    ConnectorEntry withConfig(Map<String, String> value) {
        return new ConnectorEntry(value, state, slot, restarts, tasksVersion, tasks, applied);
    }

    ConnectorEntry withState(TargetState value) {
        return new ConnectorEntry(config, value, slot, restarts, tasksVersion, tasks, applied);
    }

    ConnectorEntry restarted() {
        return new ConnectorEntry(config, state, slot, restarts + 1, tasksVersion, tasks, applied);
    }

    ConnectorEntry taskRestarted(int number) {
        List<Task> changed = new ArrayList<>(tasks);
        Task task = tasks.get(number);
        changed.set(number, new Task(task.config(), task.slot(), task.restarts() + 1));
        return new ConnectorEntry(config, state, slot, restarts, tasksVersion, changed, applied);
    }

    ConnectorEntry withoutTasks() {
        return new ConnectorEntry(config, state, slot, restarts, tasksVersion + 1, List.of(), null);
    }

    /** With tasks made of its present configuration; those that there were keep their places. */
    ConnectorEntry withTasks(List<Map<String, String>> configs, Slots free) {
        List<Task> made = new ArrayList<>();
        for (int i = 0; i < configs.size(); i++) {
            made.add(new Task(configs.get(i), i < tasks.size() ? tasks.get(i).slot() : free.next(), 0));
        }
        return new ConnectorEntry(config, state, slot, restarts, tasksVersion + 1, made, config);
    }

    /** Hands out the lowest numbers that nothing has. */
    static final class Slots {
        private final Set<Integer> taken = new HashSet<>();

        Slots(Iterable<ConnectorEntry> entries) {
            for (ConnectorEntry entry : entries) {
                taken.add(entry.slot());
                entry.tasks().forEach(task -> taken.add(task.slot()));
            }
        }

        int next() {
            int slot = 0;
            while (!taken.add(slot)) {
                slot++;
            }
            return slot;
        }

        /** How many slots there are to be for what has one. */
        int count() {
            return taken.stream().mapToInt(slot -> slot + 1).max().orElse(0);
        }
    }
}
