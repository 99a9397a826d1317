package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.engine.EmbeddedEngine;
import io.levada.protocol.Limits;
import io.levada.protocol.Message;
import io.levada.protocol.RecordCursor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server over the embedded engine, in memory, by raw clients. */
final class EndToEndTest {
    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final GatewayServer server = Servers.start(engine);

    @AfterEach
    void stop() {
        server.close();
        engine.close();
    }

    private RawClient client(String transport) {
        return transport.equals("tcp") ? RawClient.tcp(server) : RawClient.webSocket(server);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ws"})
    void what_is_published_as_json_is_read_as_json(String transport) {
        try (RawClient client = client(transport)) {
            client.answer("topics.create", "{\"name\":\"t\",\"partitions\":2}");
            String published = client.answer(
                    "publish",
                    "{\"topic\":\"t\",\"records\":[{\"key\":\"k\",\"value\":{\"a\":1.50},\"partition\":1,\"timestamp\":5,"
                            + "\"headers\":{\"h\":[\"x\",\"y\"]}},{\"value\":{\"base64\":\"/w==\"},\"partition\":1,\"timestamp\":6}]}");
            assertEquals(
                    "{\"records\":[{\"partition\":1,\"offset\":0,\"timestamp\":5},{\"partition\":1,\"offset\":1,\"timestamp\":6}]}",
                    published);

            RawClient.Stream stream =
                    client.stream("read", "{\"topic\":\"t\",\"from\":\"earliest\",\"to\":\"now\"}", Long.MAX_VALUE);
            assertEquals(
                    "{\"topic\":\"t\",\"partition\":1,\"offset\":0,\"timestamp\":5,\"key\":\"k\",\"value\":\"{\\\"a\\\":1.50}\","
                            + "\"headers\":{\"h\":[\"x\",\"y\"]}}",
                    stream.text());
            assertEquals(
                    "{\"topic\":\"t\",\"partition\":1,\"offset\":1,\"timestamp\":6,\"key\":null,\"value\":{\"base64\":\"/w==\"},"
                            + "\"headers\":{}}",
                    stream.text());
            assertEquals(RawClient.Stream.COMPLETE, stream.end());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "ws"})
    void batches_go_in_and_come_out_live_against_credit(String transport) {
        try (RawClient client = client(transport)) {
            client.answer("topics.create", "{\"name\":\"t\"}");
            RawClient.Channel reading = client.channel(
                    "read.batched", new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"), Long.MAX_VALUE);
            RawClient.Channel publishing =
                    client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
            publishing.down.message();
            publishing.down.message();
            int batches = 50;
            for (int i = 0; i < batches; i++) {
                publishing.send(new Message.Batch(0, i, Batches.ofSize(0, 10, 100)));
            }
            publishing.complete();
            reading.send(new Message.Credit(205, 1 << 20));
            assertEquals(offsets(0, 205), read(reading, 205));
            reading.send(new Message.Credit(1_000, 1 << 20));
            assertEquals(offsets(205, 500), read(reading, 295));

            assertEquals(RawClient.Stream.COMPLETE, publishing.down.end());
            reading.down.cancel();
        }
    }

    private static List<Long> offsets(long from, long to) {
        List<Long> offsets = new ArrayList<>();
        for (long offset = from; offset < to; offset++) {
            offsets.add(offset);
        }
        return offsets;
    }

    private static List<Long> read(RawClient.Channel channel, int count) {
        List<Long> offsets = new ArrayList<>();
        while (offsets.size() < count) {
            Message.Records message = (Message.Records) channel.down.message();
            try (RecordCursor cursor = RecordCursor.open(message.batch(), Limits.DEFAULT)) {
                while (cursor.next()) {
                    offsets.add(cursor.offset());
                }
            }
            assertTrue(offsets.size() <= count, "more records than permitted");
        }
        return offsets;
    }

    @Test
    void what_does_not_exist_is_said_on_every_way_to_ask() {
        try (RawClient client = client("tcp")) {
            String code = "UNKNOWN_TOPIC_OR_PARTITION";
            assertTrue(client.error("topics.describe", "{\"name\":\"none\"}").contains(code));
            assertTrue(client.error("publish", "{\"topic\":\"none\",\"records\":[{\"value\":\"v\"}]}")
                    .contains(code));
            assertTrue(client.stream("read", "{\"topic\":\"none\",\"from\":\"earliest\"}", 1)
                    .end()
                    .contains(code));
            assertTrue(client.channel("publish", new Message.Open("{\"topic\":\"none\"}"), 9)
                    .down
                    .end()
                    .contains(code));
            assertTrue(client.error("topics.create", "{\"name\":\"no/name\"}").contains("INVALID_TOPIC_EXCEPTION"));
            assertTrue(client.error("topics.create", "{\"name\":\"t\",\"replicationFactor\":3}")
                    .contains("kafka://"));
        }
    }

    @Test
    void a_damaged_batch_is_refused_and_the_server_goes_on() {
        try (RawClient client = client("tcp")) {
            client.answer("topics.create", "{\"name\":\"t\"}");
            RawClient.Channel publishing =
                    client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
            io.netty.buffer.ByteBuf batch = Batches.ofSize(0, 10, 100);
            batch.setByte(200, ~batch.getByte(200));
            publishing.send(new Message.Batch(0, 0, batch));
            assertTrue(publishing.down.end().contains("CORRUPT_MESSAGE"));
            assertTrue(client.answer("topics.describe", "{\"name\":\"t\"}").contains("\"end\":0"));
        }
    }

    @Test
    void a_member_reads_what_it_owns_commits_and_the_next_goes_on_there() {
        try (RawClient client = client("tcp")) {
            client.answer("topics.create", "{\"name\":\"t\"}");
            client.answer(
                    "publish", "{\"topic\":\"t\",\"records\":[{\"value\":\"a\"},{\"value\":\"b\"},{\"value\":\"c\"}]}");
            String join = "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"],\"from\":\"earliest\"}";
            RawClient.Channel member = client.jsonChannel("group", join, Long.MAX_VALUE);
            String id = field(member.down.text(), "member");
            String assigned = member.down.text();
            assertTrue(assigned.contains("\"topic\":\"t\",\"partition\":0,"), assigned);
            String handle = number(assigned, "handle");

            RawClient.Stream records = client.stream(
                    "group.partition", "{\"member\":\"" + id + "\",\"handle\":" + handle + "}", Long.MAX_VALUE);
            assertTrue(records.text().contains("\"value\":\"a\""));
            assertTrue(records.text().contains("\"value\":\"b\""));
            member.send("{\"type\":\"commit\",\"id\":1,\"offsets\":[{\"handle\":" + handle + ",\"offset\":2}]}");
            assertEquals("{\"type\":\"committed\",\"id\":1}", member.down.text());
            assertTrue(client.answer("groups.describe", "{\"group\":\"g\"}").contains("\"committed\":2"));
            member.send("{\"type\":\"leave\"}");
            assertEquals(RawClient.Stream.COMPLETE, member.down.end());

            RawClient.Channel next = client.jsonChannel("group", join, Long.MAX_VALUE);
            next.down.text();
            assertEquals("2", number(next.down.text(), "start"));
            next.down.cancel();
        }
    }

    private static String field(String json, String name) {
        int start = json.indexOf("\"" + name + "\":\"") + name.length() + 4;
        return json.substring(start, json.indexOf('"', start));
    }

    private static String number(String json, String name) {
        return json.replaceAll(".*\"" + name + "\":(\\d+).*", "$1");
    }
}
