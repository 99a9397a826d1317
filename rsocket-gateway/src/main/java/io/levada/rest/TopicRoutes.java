package io.levada.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Position;
import io.levada.Topics;
import io.levada.wire.DescriptionJson;
import io.levada.wire.Json;
import io.levada.wire.TopicRequests;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** {@code /v1/topics}, {@code /v1/topics/{t}} and {@code /v1/topics/{t}/offsets}. Safe for any thread. */
final class TopicRoutes {
    private final RequestBody bodies;

    TopicRoutes(RequestBody bodies) {
        this.bodies = bodies;
    }

    Publisher<Void> all(Exchange exchange) {
        exchange.only(HttpMethod.GET, HttpMethod.POST);
        exchange.query().only();
        Topics topics = exchange.engine().topics();
        if (exchange.isGet()) {
            return exchange.answer(200, names("topics", topics.list().collectList()));
        }
        return exchange.answer(
                201,
                bodies.whole(
                        exchange,
                        body -> TopicRequests.spec(Json.read("creating a topic", body)),
                        spec -> topics.create(spec)
                                .doOnNext(created -> exchange.response()
                                        .header(HttpHeaderNames.LOCATION, "/v1/topics/" + created.name()))
                                .map(DescriptionJson::of)));
    }

    static Mono<ObjectNode> names(String field, Mono<java.util.List<String>> names) {
        return names.map(list -> {
            ObjectNode answer = Json.object();
            list.forEach(answer.putArray(field)::add);
            return answer;
        });
    }

    Publisher<Void> one(Exchange exchange) {
        exchange.only(HttpMethod.GET, HttpMethod.PATCH, HttpMethod.DELETE);
        exchange.query().only();
        String name = exchange.target().part(2);
        Topics topics = exchange.engine().topics();
        if (exchange.isGet()) {
            return exchange.answer(200, topics.describe(name).map(DescriptionJson::of));
        } else if (exchange.request().method().equals(HttpMethod.DELETE)) {
            return exchange.noContent(topics.delete(name));
        }
        return exchange.answer(
                200,
                bodies.whole(
                        exchange,
                        body -> Json.read("changing a topic", body).only("config", "partitions"),
                        wanted -> TopicRequests.alter(
                                        topics, name, wanted.settings("config"), wanted.integerOrNull("partitions"))
                                .map(DescriptionJson::of)));
    }

    Publisher<Void> offsets(Exchange exchange) {
        exchange.only(HttpMethod.GET);
        Query query = exchange.query().only("at", "partition");
        String name = exchange.target().part(2);
        Position at = Position.parse(query.text("at", "latest"));
        Integer partition = query.number("partition", 0, Integer.MAX_VALUE);
        return exchange.answer(
                200,
                exchange.engine()
                        .topics()
                        .offsets(name, partition, at)
                        .map(offsets -> DescriptionJson.of(name, offsets)));
    }
}
