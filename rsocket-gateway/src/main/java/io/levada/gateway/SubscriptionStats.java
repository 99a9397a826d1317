package io.levada.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.facade.BatchReader;
import io.levada.facade.ReaderStatus;
import io.levada.facade.WaitReason;
import io.levada.wire.Json;
import io.levada.wire.OutboundConnection;
import io.levada.wire.Subscribed;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * How one subscription stands at one moment, its connection included.
 *
 * @param subject what it reads
 * @param connection its connection, as in the log
 * @param demand records that its client asked for and has not been given
 * @param demandBytes bytes that its client permits still; {@link #MAX_NUMBER} without bound, as of demand
 * @param bytesInFlight bytes that its connection holds and has not written, of all its streams
 * @param waits why it is given nothing
 * @param waited for how long that has been so
 * @param reader how it stands in the engine
 */
record SubscriptionStats(
        Subscribed.Subject subject,
        String connection,
        long demand,
        long demandBytes,
        long bytesInFlight,
        WaitReason waits,
        Duration waited,
        ReaderStatus reader) {
    /** The largest whole number that every reader of JSON keeps: more demand than this is told as this. */
    static final long MAX_NUMBER = (1L << 53) - 1;

    /** Asks the engine, and adds what the connection knows; to be called on its event loop. */
    static CompletionStage<SubscriptionStats> of(Subscribed stream, BatchReader reader) {
        OutboundConnection connection = stream.connection();
        Subscribed.Subject subject = stream.subject();
        Long demand = stream.demand();
        WaitReason held = stream.holdsBack();
        long wantedBytes = stream.wantedBytes();
        long bytesInFlight = connection.budget().heldBytes();
        boolean crowded = connection.budget().crowded();
        Duration stalled = Duration.ofNanos(connection.stalledNanos(System.nanoTime()));
        return reader.status().thenApply(status -> {
            boolean noRoom = status.waits() == WaitReason.NO_BYTES && wantedBytes > 0;
            WaitReason told = held != null ? held : noRoom ? WaitReason.SOCKET_BLOCKED : engineWaits(subject, status);
            WaitReason waits = told == WaitReason.SOCKET_BLOCKED && crowded ? WaitReason.THROTTLED : told;
            return new SubscriptionStats(
                    subject,
                    connection.toString(),
                    Math.min(MAX_NUMBER, demand == null ? status.records() : demand),
                    Math.min(MAX_NUMBER, Math.max(0, status.bytes()) + Math.min(MAX_NUMBER, wantedBytes)),
                    bytesInFlight,
                    waits,
                    waits == WaitReason.SOCKET_BLOCKED ? stalled : status.waited(),
                    status);
        });
    }

    private static WaitReason engineWaits(Subscribed.Subject subject, ReaderStatus status) {
        return subject.member() != null && status.partitions() == 0 ? WaitReason.PAUSED : status.waits();
    }

    /**
     * As PROTOCOL.md has it.
     *
     * @param nowMs the time, in ms since 1970
     */
    ObjectNode json(long nowMs) {
        ObjectNode json = Json.object().put("connection", connection).put("route", subject.route());
        if (subject.topic() != null) {
            json.put("topic", subject.topic());
        }
        if (subject.group() != null) {
            json.put("group", subject.group()).put("member", subject.member());
        }
        if (subject.label() != null) {
            json.put("label", subject.label());
        }
        return json.put("partitions", reader.partitions())
                .put("demand", demand)
                .put("demandBytes", demandBytes)
                .put("bytesInFlight", bytesInFlight)
                .put("records", reader.deliveredRecords())
                .put("bytes", reader.deliveredBytes())
                .put("lag", reader.lag())
                .put("lagMs", lagMs(nowMs))
                .put("waits", waits.name())
                .put("waitsMs", waited.toMillis());
    }

    /** How far behind in time: 0 at the end, -1 before the first record. */
    long lagMs(long nowMs) {
        if (reader.lag() == 0) {
            return 0;
        }
        return reader.latestTimestampMs() < 0 ? -1 : Math.max(0, nowMs - reader.latestTimestampMs());
    }
}
