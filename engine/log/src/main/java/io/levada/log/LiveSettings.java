package io.levada.log;

/** The settings of a topic as they are now, shared by its partitions. Safe for any thread. */
final class LiveSettings {
    private volatile TopicSettings now;

    LiveSettings(TopicSettings now) {
        this.now = now;
    }

    TopicSettings get() {
        return now;
    }

    void set(TopicSettings settings) {
        now = settings;
    }
}
