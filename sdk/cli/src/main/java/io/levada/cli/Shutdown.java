package io.levada.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Turns SIGTERM and SIGINT into an orderly end: the running command is told to stop, finishes by itself, and the process
 * exits with the command's own code. A process without such a command dies of the signal as any other. Thread-safe.
 */
public final class Shutdown {
    private final Duration limit;
    private final AtomicReference<Runnable> action = new AtomicReference<>();
    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile int exitCode = 1;

    private Shutdown(Duration limit) {
        this.limit = limit;
    }

    /** Listens to the signals of this process; a command that takes longer than {@code limit} to stop is cut off. */
    public static Shutdown ofProcess(Duration limit) {
        Shutdown shutdown = new Shutdown(limit);
        Runtime.getRuntime().addShutdownHook(new Thread(shutdown::onSignal, "levada-shutdown"));
        return shutdown;
    }

    /** Listens to nothing but {@link #request}: for programs run inside another, and for tests. */
    public static Shutdown none() {
        return new Shutdown(Duration.ZERO);
    }

    /** Says how the running command is told to stop, from now to the end of the process. It must not block. */
    public void onStop(Runnable stop) {
        action.set(stop);
    }

    /** Tells the running command to stop, as a signal would; says whether there was one to tell. */
    public boolean request() {
        Runnable stop = action.get();
        if (stop == null) {
            return false;
        }
        stop.run();
        return true;
    }

    /** Ends the process with this code; call it last. */
    public void exit(int code) {
        exitCode = code;
        finished.countDown();
        System.exit(code); // while a signal is being handled this waits for the hook, which halts
    }

    private void onSignal() {
        if (finished.getCount() == 0 || !request()) {
            return;
        }
        try {
            int code = finished.await(limit.toMillis(), TimeUnit.MILLISECONDS) ? exitCode : 1;
            Runtime.getRuntime().halt(code);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
