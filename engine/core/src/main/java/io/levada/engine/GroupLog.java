package io.levada.engine;

import io.levada.LevadaException;
import io.levada.groups.GroupEvent;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where the events of groups are kept. */
interface GroupLog {
    /** Gives all durable events in order; blocks on the disk. Throws {@link LevadaException} when they cannot be read. */
    void replay(Consumer<GroupEvent> replayed);

    /**
     * Appends events; never blocks.
     *
     * @param done hears, once, on any thread, null when they are durable, else why not
     */
    void append(List<GroupEvent> events, Consumer<@Nullable LevadaException> done);
}
