package io.levada.connect;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs in this worker what has its slot here: compares what is to run with what runs, whenever connectors change or slots come
 * and go.
 *
 * <p>Safe for any thread; nothing blocks.
 */
final class Board {
    private static final Logger log = LoggerFactory.getLogger(Board.class);

    private final WorkerParts parts;
    private final ExecutorService turn = Executors.newSingleThreadExecutor(task -> Unit.daemon("connect-board", task));

    // Used in turn alone.
    private final Map<Integer, Long> slots = new HashMap<>();
    private final Map<String, Placed> units = new LinkedHashMap<>();
    private final Map<String, CompletableFuture<Void>> ending = new HashMap<>();
    private boolean closed;

    /** A unit and its slot. */
    private record Placed(Unit unit, int slot) {}

    /** What is to run in a slot. */
    private record Place(int slot, Unit.Wanted wanted, Maker maker) {}

    private interface Maker {
        Unit make();
    }

    Board(WorkerParts parts) {
        this.parts = parts;
    }

    /** Looks again at what is to run. */
    void look() {
        if (!turn.isShutdown()) {
            turn.execute(this::settle);
        }
    }

    /** A slot is this worker's from now on. */
    void gained(int slot, long generation) {
        turn.execute(() -> {
            slots.put(slot, generation);
            settle();
        });
    }

    /** A slot is this worker's no longer: ends what runs there; done when it has ended or was given up. */
    CompletableFuture<Void> lost(int slot) {
        return inTurn(() -> {
            slots.remove(slot);
            List<CompletableFuture<Void>> ends = new ArrayList<>();
            for (Map.Entry<String, Placed> each : List.copyOf(units.entrySet())) {
                if (each.getValue().slot() == slot) {
                    ends.add(end(each.getKey(), false));
                }
            }
            return all(ends);
        });
    }

    private CompletableFuture<Void> inTurn(Supplier<CompletableFuture<Void>> task) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        turn.execute(() -> {
            CompletableFuture<Void> unused = task.get().whenComplete((nothing, error) -> ended.complete(null));
        });
        return ended;
    }

    /** Ends all; done when all have ended or were given up. */
    CompletableFuture<Void> close() {
        return inTurn(() -> {
                    closed = true;
                    slots.clear();
                    List<CompletableFuture<Void>> ends = new ArrayList<>(ending.values());
                    List.copyOf(units.keySet()).forEach(key -> ends.add(end(key, false)));
                    return all(ends);
                })
                .whenComplete((nothing, error) -> turn.shutdown());
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> ends) {
        return CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new));
    }

    private CompletableFuture<Void> end(String key, boolean deleted) {
        Placed gone = units.remove(key);
        CompletableFuture<Void> ended = gone == null
                ? CompletableFuture.completedFuture(null)
                : gone.unit().end(deleted);
        ending.put(key, ended);
        ending.values().removeIf(CompletableFuture::isDone);
        return ended;
    }

    private void settle() {
        if (closed) {
            return;
        }
        Map<String, Place> places = places();
        for (String key : List.copyOf(units.keySet())) {
            if (!places.containsKey(key)) {
                CompletableFuture<Void> unused = end(key, true);
            }
        }
        places.forEach((key, place) -> {
            Placed placed = units.get(key);
            if (placed != null) {
                placed.unit().want(place.wanted());
            } else {
                begin(key, place);
            }
        });
    }

    /** The one before, of the same name, ends first. */
    private void begin(String key, Place place) {
        CompletableFuture<Void> before = ending.get(key);
        if (before != null && !before.isDone()) {
            CompletableFuture<Void> unused = before.thenRun(this::look);
            return;
        }
        log.info("{} begins in slot {}", key, place.slot());
        Unit unit = place.maker().make();
        units.put(key, new Placed(unit, place.slot()));
        unit.want(place.wanted());
    }

    /** What is to run here: what has a slot that is this worker's. */
    private Map<String, Place> places() {
        Map<String, Place> places = new LinkedHashMap<>();
        parts.connectors().entries().forEach((name, entry) -> {
            Long generation = slots.get(entry.slot());
            if (generation != null) {
                Object version = List.of(entry.config(), entry.restarts());
                places.put(
                        "connector " + name,
                        new Place(
                                entry.slot(),
                                new Unit.Wanted(version, entry.state(), generation),
                                () -> new ConnectorUnit(name, parts)));
            }
            for (int i = 0; i < entry.tasks().size(); i++) {
                place(places, new ConnectorTaskId(name, i), entry, entry.tasks().get(i));
            }
        });
        return places;
    }

    private void place(Map<String, Place> places, ConnectorTaskId id, ConnectorEntry entry, ConnectorEntry.Task task) {
        Long generation = slots.get(task.slot());
        if (generation != null) {
            Object version = List.of(entry.tasksVersion(), task.restarts());
            places.put(
                    "task " + id,
                    new Place(
                            task.slot(),
                            new Unit.Wanted(version, entry.state(), generation),
                            () -> new TaskUnit(id, parts)));
        }
    }
}
