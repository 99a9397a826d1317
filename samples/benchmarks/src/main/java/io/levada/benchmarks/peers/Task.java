package io.levada.benchmarks.peers;

/**
 * What a driver is to do once.
 *
 * @param topic a name not used before, or of a topic that is filled
 * @param groups that read, of one member each, or readers without a group
 * @param bytes of each value
 * @param records how many, or how many a topic holds that is read
 * @param seconds how long, where it is not records that end it
 * @param rate records a second that become due, where they are paced
 */
record Task(
        Kind kind,
        String topic,
        int partitions,
        int publishers,
        int groups,
        int bytes,
        long records,
        double seconds,
        int rate) {
    enum Kind {
        /** As fast as it goes, for a time. */
        PUBLISH,
        /** One publisher as fast as it goes, and groups that read live; until all have all. */
        FAN_OUT,
        /** The same, of readers without a group. */
        SUBSCRIBERS,
        /** Fills a topic and leaves it. */
        FILL,
        /** Reads what a topic holds, for a time, but once at least. */
        READ,
        /** Deletes a topic. */
        DELETE,
        /** From when a record is due to when a group has it, or with none a reader. */
        LATENCY,
        /** The same to many who read without a group, each over a WebSocket of its own. */
        WEB_SOCKETS
    }

    static Task publish(int publishers, int partitions, int bytes, double seconds) {
        return new Task(Kind.PUBLISH, "", partitions, publishers, 0, bytes, 0, seconds, 0);
    }

    static Task fanOut(int groups, int partitions, int bytes, long records) {
        return new Task(Kind.FAN_OUT, "", partitions, 1, groups, bytes, records, 0, 0);
    }

    static Task read(int partitions, int bytes, long records, double seconds) {
        return new Task(Kind.READ, "", partitions, 1, 0, bytes, records, seconds, 0);
    }

    static Task latency(int rate, int partitions, int bytes, double seconds) {
        return new Task(Kind.LATENCY, "", partitions, 1, 1, bytes, 0, seconds, rate);
    }

    static Task webSockets(int subscribers, int rate, int bytes, double seconds) {
        return new Task(Kind.WEB_SOCKETS, "", 1, 1, subscribers, bytes, 0, seconds, rate);
    }

    /** With a reader that is in no group. */
    Task without() {
        return new Task(kind, topic, partitions, publishers, 0, bytes, records, seconds, rate);
    }

    Task on(String name) {
        return new Task(kind, name, partitions, publishers, groups, bytes, records, seconds, rate);
    }

    Task as(Kind other) {
        return new Task(other, topic, partitions, publishers, groups, bytes, records, seconds, rate);
    }

    Task of(long count) {
        return new Task(kind, topic, partitions, publishers, groups, bytes, count, seconds, rate);
    }
}
