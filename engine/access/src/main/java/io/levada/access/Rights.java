package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What somebody may do with what is no engine's, asked one at a time; denials are noted. Whoever serves such a thing asks before
 * looking, so that what is forbidden and what is not there are answered alike. Safe for any thread.
 */
public final class Rights {
    private final @Nullable Caller caller;

    /**
     * The rights of somebody.
     *
     * @param caller null where nobody is asked, and everybody may do everything
     */
    Rights(@Nullable Caller caller) {
        this.caller = caller;
    }

    /** Whether that is allowed; of the answer nothing is noted. */
    public boolean allow(Operation operation, ResourceType type, String name) {
        return caller == null || caller.allows(operation, type, name);
    }

    /**
     * Returns where that is allowed.
     *
     * @throws LevadaException with {@link ResourceType}'s code, such as {@link ErrorCode#CLUSTER_AUTHORIZATION_FAILED}
     */
    public void require(Operation operation, ResourceType type, String name) {
        LevadaException denied = caller == null ? null : caller.denial(List.of(new Caller.Need(operation, type, name)));
        if (denied != null) {
            throw denied;
        }
    }

    /**
     * Returns where there is something of that type with which one of these is allowed.
     *
     * @param operations at least one; a denial names the first
     * @throws LevadaException as {@link #require}
     */
    public void requireSome(ResourceType type, Operation... operations) {
        Caller asked = caller;
        if (asked != null && Arrays.stream(operations).noneMatch(each -> asked.allowsSome(each, type))) {
            throw asked.denied(new Caller.Need(operations[0], type, "of any name"));
        }
    }

    /**
     * Notes that something was administered, or was to be.
     *
     * @param outcome one word: {@code done}, or why not
     */
    public void note(Operation operation, ResourceType type, String name, String outcome) {
        if (caller != null) {
            caller.note(new Caller.Need(operation, type, name), outcome);
        }
    }
}
