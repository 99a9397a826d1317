package io.levada.wire;

import io.levada.facade.BatchReader;
import io.levada.facade.WaitReason;
import org.jspecify.annotations.Nullable;

/** A stream that reads partitions, and what {@code stats} is to know of it. For the event loop alone. */
public interface Subscribed {
    /** What it goes out on. */
    OutboundConnection connection();

    /** The engine's end, or null until the stream is open. */
    @Nullable
    BatchReader reader();

    /** What it reads; to be asked of an open one. */
    Subject subject();

    /** Records that the client asked for and has not been given, or null where the engine's end knows. */
    @Nullable
    Long demand();

    /** Why it cannot take what the engine has for it, or null. */
    @Nullable
    WaitReason holdsBack();

    /** Bytes that the client permits and its connection has not had room for. */
    long wantedBytes();

    /**
     * What is read: a topic, or a member's partitions.
     *
     * @param route which route, as it is spelled
     * @param topic the topic, or null of a member
     * @param group the group, or null of a topic
     * @param member the member, or null of a topic
     * @param label what its client calls it, or null where it did not say
     */
    record Subject(
            String route,
            @Nullable String topic,
            @Nullable String group,
            @Nullable String member,
            @Nullable String label) {
        public static final Subject NONE = new Subject("", null, null, null, null);

        public static Subject topic(String route, String topic, @Nullable String label) {
            return new Subject(route, topic, null, null, label);
        }
    }
}
