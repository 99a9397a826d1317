package io.levada.access;

import java.util.Locale;

/** What may be done with a resource; in lower case, the words of the file of permissions. */
public enum Operation {
    /** Appends records; of a producer's name, takes it. */
    PUBLISH,
    /** Reads records. */
    READ,
    /** Takes part in a group. */
    COMMIT,
    /** Sees that it is there, and how it stands; whoever may do anything else with what is there may do this. */
    DESCRIBE,
    CREATE,
    /** Changes settings; of a group, its place. */
    ALTER,
    /** Deletes it, or some of its records. */
    DELETE,
    /** Everything, and what is the whole server's. */
    ADMIN;

    /** As files have it. */
    String spelled() {
        return name().toLowerCase(Locale.ROOT);
    }
}
