package io.levada.groups;

import java.util.List;

/**
 * What follows from a command: events to be written as a whole and replayed, and effects to be carried out when they are
 * durable. Both in order; without events nothing has changed.
 */
public record Decision(List<GroupEvent> events, List<Effect> effects) {
    public Decision {
        events = List.copyOf(events);
        effects = List.copyOf(effects);
    }

    static final Decision NOTHING = new Decision(List.of(), List.of());
}
