package io.levada.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.RecordJson;
import io.levada.StoredRecord;
import io.levada.wire.Json;
import io.netty.handler.codec.http.HttpMethod;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * {@code POST /v1/groups/{g}/claims}, and {@code POST /v1/claims/{claim}:ack}, {@code :release} and {@code :extend}. Safe for
 * any thread.
 */
final class ClaimRoutes {
    private final RequestBody bodies;
    private final Claims claims;

    ClaimRoutes(RequestBody bodies, Claims claims) {
        this.bodies = bodies;
        this.claims = claims;
    }

    Publisher<Void> claim(Exchange exchange) {
        exchange.only(HttpMethod.POST);
        exchange.query().only();
        String group = exchange.target().part(2);
        return exchange.answer(
                200, bodies.whole(exchange, body -> spec(group, Json.read("a claim", body)), spec -> claims.claim(
                                exchange.caller().name(), exchange.engine(), spec)
                        .map(ClaimRoutes::json)));
    }

    static ClaimSpec spec(String group, Json wanted) {
        wanted.only("topics", "max", "maxBytes", "lease", "wait", "ordered");
        ClaimSpec spec = new ClaimSpec(group, wanted.texts("topics")).withOrdered(wanted.flag("ordered"));
        Integer max = wanted.integerOrNull("max");
        Integer maxBytes = wanted.integerOrNull("maxBytes");
        Duration lease = lease(wanted);
        String wait = wanted.textOrNull("wait");
        spec = max == null ? spec : spec.withMax(max);
        spec = maxBytes == null ? spec : spec.withMaxBytes(maxBytes);
        spec = lease == null ? spec : spec.withLease(lease);
        return wait == null ? spec : spec.withWait(Durations.parse("wait", wait, Duration.ZERO, ClaimSpec.MAX_WAIT));
    }

    private static @Nullable Duration lease(Json wanted) {
        String lease = wanted.textOrNull("lease");
        return lease == null ? null : Durations.parse("lease", lease, ClaimSpec.MIN_LEASE, ClaimSpec.MAX_LEASE);
    }

    private static JsonNode json(Claimed claimed) {
        ObjectNode answer = Json.object().put("claim", claimed.claim()).put("leaseMs", claimed.leaseMs());
        ArrayNode records = answer.putArray("records");
        for (StoredRecord record : claimed.records()) {
            records.addRawValue(new RawValue(RecordJson.line(record)));
        }
        return answer;
    }

    Publisher<Void> ack(Exchange exchange) {
        return end(exchange, claims.ack(exchange.caller().name(), id(exchange)));
    }

    Publisher<Void> release(Exchange exchange) {
        return end(exchange, claims.release(exchange.caller().name(), id(exchange)));
    }

    private static Publisher<Void> end(Exchange exchange, Mono<Void> ending) {
        exchange.only(HttpMethod.POST);
        exchange.query().only();
        return exchange.noContent(ending);
    }

    Publisher<Void> extend(Exchange exchange) {
        exchange.only(HttpMethod.POST);
        exchange.query().only();
        return exchange.noContent(bodies.whole(
                exchange, body -> Json.read("extending a claim", body).only("lease"), wanted -> {
                    Duration lease = lease(wanted);
                    if (lease == null) {
                        throw new LevadaException(
                                ErrorCode.INVALID_REQUEST, "extending a claim takes {\"lease\":\"30s\"}");
                    }
                    return claims.extend(exchange.caller().name(), id(exchange), lease);
                }));
    }

    private static String id(Exchange exchange) {
        return exchange.target().part(2);
    }
}
