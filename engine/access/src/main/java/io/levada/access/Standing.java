package io.levada.access;

import io.levada.LevadaException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rights that an open stream lives by: looked at again when the rules have changed. Safe for any thread. */
final class Standing {
    private final Caller caller;
    private final Permissions permissions;
    private final List<Caller.Need> needs;
    private volatile long checked;

    Standing(Caller caller, Permissions permissions, List<Caller.Need> needs) {
        this.caller = caller;
        this.permissions = permissions;
        this.needs = List.copyOf(needs);
        this.checked = permissions.version() - 1;
    }

    /** Null while all is allowed, else why it is not. */
    @Nullable
    LevadaException lost() {
        LevadaException expired = caller.expired();
        if (expired != null) {
            return expired;
        }
        long version = permissions.version();
        if (version == checked) {
            return null;
        }
        LevadaException denied = caller.denial(needs);
        if (denied == null) {
            checked = version;
        }
        return denied;
    }
}
