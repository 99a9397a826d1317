package io.levada.rest;

import io.levada.Groups;
import io.levada.Position;
import io.levada.wire.DescriptionJson;
import io.levada.wire.Json;
import io.netty.handler.codec.http.HttpMethod;
import org.reactivestreams.Publisher;

/** {@code /v1/groups}, {@code /v1/groups/{g}} and {@code /v1/groups/{g}:reset}. Safe for any thread. */
final class GroupRoutes {
    private final RequestBody bodies;

    GroupRoutes(RequestBody bodies) {
        this.bodies = bodies;
    }

    Publisher<Void> all(Exchange exchange) {
        exchange.only(HttpMethod.GET);
        exchange.query().only();
        return exchange.answer(
                200,
                TopicRoutes.names("groups", exchange.engine().groups().list().collectList()));
    }

    Publisher<Void> one(Exchange exchange) {
        exchange.only(HttpMethod.GET, HttpMethod.DELETE);
        exchange.query().only();
        String name = exchange.target().part(2);
        Groups groups = exchange.engine().groups();
        return exchange.isGet()
                ? exchange.answer(200, groups.describe(name).map(DescriptionJson::of))
                : exchange.noContent(groups.delete(name));
    }

    Publisher<Void> reset(Exchange exchange) {
        exchange.only(HttpMethod.POST);
        exchange.query().only();
        String name = exchange.target().part(2);
        return exchange.answer(
                200,
                bodies.whole(
                        exchange,
                        body -> Json.read("resetting a group", body).only("topic", "partition", "to"),
                        wanted -> exchange.engine()
                                .groups()
                                .reset(
                                        name,
                                        wanted.text("topic"),
                                        wanted.integerOrNull("partition"),
                                        Position.parse(wanted.text("to")))
                                .map(DescriptionJson::of)));
    }
}
