package io.levada.connect;

import org.apache.kafka.connect.runtime.AbstractStatus.State;
import org.jspecify.annotations.Nullable;

/**
 * What Connect tells of a connector or a task, as the state it is in.
 *
 * @param <K> what it is known by
 */
abstract class StateTeller<K> {
    abstract void tell(State state, @Nullable Throwable why);

    /** Told after a failure was. */
    abstract void failed();

    public void onStartup(K which) {
        tell(State.RUNNING, null);
    }

    public void onStop(K which) {
        tell(State.STOPPED, null);
    }

    public void onPause(K which) {
        tell(State.PAUSED, null);
    }

    public void onResume(K which) {
        tell(State.RUNNING, null);
    }

    public void onRestart(K which) {
        tell(State.RESTARTING, null);
    }

    public void onShutdown(K which) {
        tell(State.UNASSIGNED, null);
    }

    public void onFailure(K which, Throwable why) {
        tell(State.FAILED, why);
        failed();
    }

    /** The unit tells this, when it is no more. */
    public void onDeletion(K which) {}
}
