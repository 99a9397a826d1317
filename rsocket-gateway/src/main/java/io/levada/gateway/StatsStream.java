package io.levada.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.facade.ReadTotals;
import io.levada.wire.Json;
import io.netty.util.internal.PlatformDependent;
import io.rsocket.Payload;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * {@code stats}: how all subscriptions of the server stand, told again and again while the client asks for it. Whoever asks
 * slowly gets fewer of them, never old ones.
 */
final class StatsStream extends ClientStream {
    private static final int DEFAULT_LIMIT = 100;
    private static final int MAX_LIMIT = 1_000;
    private static final int DEFAULT_INTERVAL_MS = 1_000;
    private static final int MIN_INTERVAL_MS = 100;
    private static final int MAX_INTERVAL_MS = 60_000;

    private final ServerStats server;
    private @Nullable String topic;
    private @Nullable String group;
    private int limit = DEFAULT_LIMIT;
    private @Nullable Future<?> timer;
    private boolean due = true;
    private boolean looking;

    StatsStream(ClientSession session, FluxSink<Payload> sink, ServerStats server) {
        super(session, sink);
        this.server = server;
    }

    /** Begins; what fails fails the stream. */
    void open(Json wanted) {
        try {
            wanted.only("topic", "group", "limit", "intervalMs");
            topic = wanted.textOrNull("topic");
            group = wanted.textOrNull("group");
            limit = within(wanted, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
            int intervalMs = within(wanted, "intervalMs", DEFAULT_INTERVAL_MS, MIN_INTERVAL_MS, MAX_INTERVAL_MS);
            timer = session.connection().every(Duration.ofMillis(intervalMs), () -> {
                due = true;
                look();
            });
            outlet.onDemand(more -> look());
        } catch (RuntimeException error) {
            fail(error);
        }
    }

    private static int within(Json wanted, String field, int otherwise, int least, int most) {
        Integer value = wanted.integerOrNull(field);
        if (value == null) {
            return otherwise;
        } else if (value < least || value > most) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "stats takes '" + field + "' from " + least + " to " + most + ", not " + value);
        }
        return value;
    }

    private void look() {
        if (!due || looking || hasEnded() || outlet.demand() == 0) {
            return;
        }
        due = false;
        looking = true;
        server.subscriptions(session::sees)
                .subscribe(found -> later(() -> tell(found)), error -> later(() -> fail(error)));
    }

    private void tell(List<SubscriptionStats> found) {
        looking = false;
        if (hasEnded()) {
            return;
        }
        List<SubscriptionStats> wanted = found.stream()
                .filter(this::isWanted)
                .sorted(Comparator.comparingLong(
                                (SubscriptionStats each) -> each.reader().lag())
                        .reversed())
                .toList();
        long nowMs = System.currentTimeMillis();
        ObjectNode json = Json.object().put("timestamp", nowMs);
        if (session.seesAll()) {
            putServer(json);
        }
        json.put("count", wanted.size())
                .put(
                        "lag",
                        wanted.stream().mapToLong(each -> each.reader().lag()).sum());
        ArrayNode subscriptions = json.putArray("subscriptions");
        wanted.stream().limit(limit).forEach(each -> subscriptions.add(each.json(nowMs)));
        outlet.send(Json.encode(json));
    }

    private void putServer(ObjectNode json) {
        ReadTotals read = server.reads();
        Runtime heap = Runtime.getRuntime();
        json.put("connections", server.connections())
                .put("bytesInFlight", server.bytesInFlight())
                .put("heapBytes", heap.totalMemory() - heap.freeMemory())
                .put("directBytes", PlatformDependent.usedDirectMemory())
                .put("storageReads", read.storageReads())
                .put("storageReadBytes", read.storageReadBytes())
                .put("inflatedBatches", read.inflatedBatches());
    }

    private boolean isWanted(SubscriptionStats stats) {
        return (topic == null || topic.equals(stats.subject().topic()))
                && (group == null || group.equals(stats.subject().group()));
    }

    @Override
    void onEnd(Ending ending) {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
