package io.levada.engine;

import io.levada.LevadaException;
import io.levada.env.Loop;
import io.levada.groups.GroupEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes what commands decided, in order, and says when each is durable. While one write is under way, whatever is decided
 * gathers and is written as one when it is through, so that any number of commits wait for two forces at most. A failed
 * write fails everything behind it too. Confined to the loop of groups.
 */
final class GroupWriter {
    /** What waits for events to be durable. */
    interface Outcome {
        void durable();

        void failed(LevadaException error);
    }

    private final Loop loop;
    private final GroupLog log;
    private final Consumer<LevadaException> onFailure;
    private List<Outcome> writing = List.of();
    private boolean busy;
    private List<GroupEvent> nextEvents = new ArrayList<>();
    private List<Outcome> nextOutcomes = new ArrayList<>();

    /**
     * Makes the writer of a log.
     *
     * @param onFailure told of a failed write, before the outcomes that fail with it; nothing is written afterwards
     */
    GroupWriter(Loop loop, GroupLog log, Consumer<LevadaException> onFailure) {
        this.loop = loop;
        this.log = log;
        this.onFailure = onFailure;
    }

    /** Writes events, of which there may be none: the outcome then waits for what was written before. */
    void write(List<GroupEvent> events, Outcome outcome) {
        if (!busy && events.isEmpty()) {
            outcome.durable();
            return;
        }
        nextEvents.addAll(events);
        nextOutcomes.add(outcome);
        if (!busy) {
            writeNext();
        }
    }

    private void writeNext() {
        List<GroupEvent> events = nextEvents;
        writing = nextOutcomes;
        nextEvents = new ArrayList<>();
        nextOutcomes = new ArrayList<>();
        busy = true;
        if (events.isEmpty()) {
            written(null);
        } else {
            try {
                log.append(events, error -> loop.execute(() -> written(error)));
            } catch (RuntimeException e) {
                loop.execute(() -> written(LevadaException.of(e)));
            }
        }
    }

    private void written(@Nullable LevadaException error) {
        List<Outcome> done = writing;
        writing = List.of();
        if (error == null) {
            done.forEach(Outcome::durable);
            busy = false;
            if (!nextOutcomes.isEmpty()) {
                writeNext();
            }
        } else {
            List<Outcome> behind = nextOutcomes;
            nextEvents = new ArrayList<>();
            nextOutcomes = new ArrayList<>();
            onFailure.accept(error);
            done.forEach(outcome -> outcome.failed(error));
            behind.forEach(outcome -> outcome.failed(error));
        }
    }
}
