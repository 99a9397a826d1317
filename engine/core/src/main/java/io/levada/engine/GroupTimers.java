package io.levada.engine;

import io.levada.env.Loop;
import io.levada.groups.GroupCoordinator;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** One timer for each group that has a deadline. Confined to the loop of groups. */
final class GroupTimers {
    private record Armed(long deadlineMs, Loop.Timer timer) {}

    private final Loop loop;
    private final Consumer<String> due;
    private final Map<String, Armed> timers = new HashMap<>();

    GroupTimers(Loop loop, Consumer<String> due) {
        this.loop = loop;
        this.due = due;
    }

    /** Sets a group's deadline; {@link GroupCoordinator#NEVER} is none. */
    void arm(String group, long deadlineMs, long nowMs) {
        Armed armed = timers.get(group);
        if (armed != null && armed.deadlineMs() == deadlineMs) {
            return;
        }
        if (armed != null) {
            timers.remove(group);
            armed.timer().cancel();
        }
        if (deadlineMs != GroupCoordinator.NEVER) {
            Duration delay = Duration.ofMillis(Math.max(1, deadlineMs - nowMs));
            timers.put(group, new Armed(deadlineMs, loop.schedule(delay, () -> {
                timers.remove(group);
                due.accept(group);
            })));
        }
    }

    void cancelAll() {
        timers.values().forEach(armed -> armed.timer().cancel());
        timers.clear();
    }
}
