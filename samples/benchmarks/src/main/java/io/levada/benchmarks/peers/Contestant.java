package io.levada.benchmarks.peers;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A system that takes part: runs once it is started, and after a failure when it is started again. */
final class Contestant {
    private final Peer peer;
    private final Starter starter;
    private volatile @Nullable ServerWithDriver running;

    /** How a system is started, with nothing stored. */
    interface Starter {
        ServerWithDriver start(Peer peer) throws IOException, InterruptedException;
    }

    Contestant(Peer peer, Starter starter) {
        this.peer = peer;
        this.starter = starter;
    }

    Peer peer() {
        return peer;
    }

    boolean isRunning() {
        return running != null;
    }

    void start() throws IOException, InterruptedException {
        running = starter.start(peer);
    }

    /** How long its server took from the beginning of its process until it answered. */
    double secondsToStart() throws IOException {
        return running().server().secondsToStart();
    }

    Outcome run(Task task) throws IOException {
        return running().run(task);
    }

    private ServerWithDriver running() throws IOException {
        ServerWithDriver current = running;
        if (current == null) {
            throw new IOException(peer.label() + " does not run");
        }
        return current;
    }

    /** Bytes of memory that its server has resident now, or 0 where it does not run. */
    long residentBytes() throws IOException {
        ServerWithDriver current = running;
        return current == null ? 0 : current.server().residentBytes();
    }

    void stop() throws InterruptedException {
        ServerWithDriver current = running;
        running = null;
        if (current != null) {
            current.stop();
        }
    }
}
