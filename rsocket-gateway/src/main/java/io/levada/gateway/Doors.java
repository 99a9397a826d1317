package io.levada.gateway;

import io.levada.access.AccessControl;
import io.levada.access.Principal;
import io.levada.facade.Engine;
import io.levada.rest.Caller;
import java.time.Duration;

/** An engine, and who may use it how: each principal is given an entry of its own. Safe for any thread. */
class Doors {
    /** By then what was withdrawn counts no more, and a wall clock that jumped is noticed. */
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(10);

    private final AccessControl access;
    private final Engine engine;
    private final RequestRoutes requests;

    /**
     * What somebody was let in to.
     *
     * @param engine as the principal may use it
     * @param requests the routes with one answer, over that engine
     */
    record Entry(Principal principal, Engine engine, RequestRoutes requests) {}

    Doors(AccessControl access, Engine engine) {
        this.access = access;
        this.engine = engine;
        this.requests = new RequestRoutes(engine);
    }

    final AccessControl access() {
        return access;
    }

    /** The engine itself. */
    final Engine engine() {
        return engine;
    }

    /** How long a principal may be open without being looked at again. */
    Duration lookInterval() {
        return LOOK_INTERVAL;
    }

    /**
     * The engine as a principal may use it.
     *
     * @param peer where it asks from, for the log
     */
    Engine engineFor(Principal principal, String peer) {
        return access.engineFor(engine, principal, peer);
    }

    /** Lets in a principal that has shown who it is; as {@link #engineFor}. */
    final Entry entry(Principal principal, String peer) {
        Engine own = engineFor(principal, peer);
        return new Entry(principal, own, own == engine ? requests : new RequestRoutes(own));
    }

    /** The same for one request over HTTP, which nobody refreshes while it is answered. */
    final Caller caller(Principal principal, String peer) {
        return new Caller(principal.name(), access.engineUntilExpiry(engine, principal, peer));
    }
}
