package io.levada.access;

import java.nio.file.Path;
import java.time.InstantSource;

/** The one place where it is decided what a principal may do, by rules that are read again as they change. Safe for any thread. */
final class Permissions {
    private final WatchedFile<Rules> file;

    Permissions(Path file, InstantSource clock) {
        this.file = new WatchedFile<>("--permissions", file, RulesFile::parse, clock);
    }

    /**
     * Whether a principal may do that now.
     *
     * @param name of the resource, or a pattern with {@code *}: then with all that could match it
     */
    boolean allows(Principal principal, Operation operation, ResourceType type, String name) {
        return file.value().allows(principal.name(), operation, type, name);
    }

    /** Whether there is anything of that type with which it may. */
    boolean allowsSome(Principal principal, Operation operation, ResourceType type) {
        return file.value().allowsSome(principal.name(), operation, type);
    }

    Quota quota(String principal, Quota otherwise) {
        return file.value().quota(principal, otherwise);
    }

    /** Another one than before, if rules have changed. */
    long version() {
        return file.version();
    }

    void look() {
        file.look();
    }
}
