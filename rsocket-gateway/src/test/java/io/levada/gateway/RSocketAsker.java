package io.levada.gateway;

import io.levada.protocol.Message;
import io.rsocket.Payload;
import io.rsocket.transport.ClientTransport;
import io.rsocket.util.DefaultPayload;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Asks over RSocket, by every route. */
record RSocketAsker(RawClient client) implements Asker {
    static Transport over(Function<GatewayServer, ClientTransport> transport) {
        return (server, token) -> {
            Payload setup = token == null ? DefaultPayload.create("") : RawClient.bearer(token);
            return new RSocketAsker(RawClient.connect(transport.apply(server), setup));
        };
    }

    @Override
    public @Nullable String ask(Act act) {
        String topic = "\"" + act.topic() + "\"";
        String group = "\"" + act.group() + "\"";
        String name = "{\"name\":" + topic;
        return switch (act.kind()) {
            case LIST_TOPICS -> answer("topics.list", "{}");
            case DESCRIBE_TOPIC -> done("topics.describe", name + "}");
            case FIND_OFFSETS -> done("offsets", "{\"topic\":" + topic + "}");
            case CREATE_TOPIC -> done("topics.create", name + "}");
            case ALTER_TOPIC -> done("topics.alter", name + ",\"config\":{\"retention.ms\":\"-1\"}}");
            case ADD_PARTITIONS -> done("topics.alter", name + ",\"partitions\":1}");
            case DELETE_RECORDS -> done("topics.deleteRecords", name + ",\"partition\":0,\"beforeOffset\":0}");
            case DELETE_TOPIC -> done("topics.delete", name + "}");
            case LIST_GROUPS -> answer("groups.list", "{}");
            case DESCRIBE_GROUP -> done("groups.describe", "{\"group\":" + group + "}");
            case RESET_GROUP ->
                done("groups.reset", "{\"group\":" + group + ",\"topic\":" + topic + ",\"to\":\"earliest\"}");
            case DELETE_GROUP -> done("groups.delete", "{\"group\":" + group + "}");
            case OPEN_PRODUCER -> done("producers.open", "{}");
            case OPEN_NAMED_PRODUCER -> done("producers.open", "{\"name\":" + group + "}");
            case PUBLISH -> done("publish", "{\"topic\":" + topic + ",\"records\":[{\"value\":\"v\"}]}");
            case PUBLISH_AT ->
                done(
                        "publish",
                        "{\"topic\":" + topic
                                + ",\"partition\":0,\"expectedOffset\":1000000,\"records\":[{\"value\":\"v\"}]}");
            case PUBLISH_BATCHES -> channel("publish", "{\"topic\":" + topic + "}");
            case PUBLISH_BATCHES_AT ->
                channel("publish", "{\"topic\":" + topic + ",\"partition\":0,\"expectedOffset\":0}");
            case READ ->
                ended(client.stream(
                        "read", "{\"topic\":" + topic + ",\"from\":\"earliest\",\"to\":\"now\"}", Long.MAX_VALUE));
            case READ_BATCHES ->
                channel("read.batched", "{\"topic\":" + topic + ",\"from\":\"earliest\",\"to\":\"now\"}");
            case JOIN -> join(group, topic);
            case PUBLISH_ENTRIES, CLAIM -> null;
        };
    }

    private String answer(String route, String json) {
        try {
            return client.answer(route, json);
        } catch (RuntimeException error) {
            return Asker.code(String.valueOf(error.getMessage()));
        }
    }

    private String done(String route, String json) {
        String answer = answer(route, json);
        return answer.startsWith("{") ? DONE : answer;
    }

    private String channel(String route, String open) {
        RawClient.Channel channel = client.channel(route, new Message.Open(open), Long.MAX_VALUE);
        if (route.equals("read.batched")) {
            channel.offer(new Message.Credit(1_000, 1 << 20));
        }
        return ended(channel.down);
    }

    private String join(String group, String topic) {
        RawClient.Channel channel = client.jsonChannel(
                "group", "{\"type\":\"join\",\"group\":" + group + ",\"topics\":[" + topic + "]}", Long.MAX_VALUE);
        String error = channel.down.endBeforeAnything();
        if (error != null) {
            return Asker.code(error);
        }
        channel.send("{\"type\":\"leave\"}");
        return channel.down.end().equals(RawClient.Stream.COMPLETE) ? DONE : "not left";
    }

    private static String ended(RawClient.Stream stream) {
        String end = stream.endBeforeAnything();
        stream.cancel();
        return end == null || end.equals(RawClient.Stream.COMPLETE) ? DONE : Asker.code(end);
    }

    @Override
    public void close() {
        client.close();
    }
}
