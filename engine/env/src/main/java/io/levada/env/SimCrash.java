package io.levada.env;

/**
 * The simulated machine has lost power. Ends whatever the simulated process was doing: an error, so that nothing in it
 * takes this for a failure that can be dealt with.
 */
public final class SimCrash extends Error {
    private static final long serialVersionUID = 1L;

    SimCrash() {
        super("the simulated machine has crashed", null, false, false);
    }
}
