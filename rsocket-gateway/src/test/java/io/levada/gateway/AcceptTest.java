package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Compression;
import io.levada.engine.EmbeddedEngine;
import io.levada.protocol.Limits;
import io.levada.protocol.Message;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a client of the batched channels accepts, as the bytes that come over the wire, with a real engine behind the server. */
final class AcceptTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RECORDS = 100;

    private final EmbeddedEngine engine = EmbeddedEngine.open("memory:");
    private final GatewayServer server = Servers.start(engine);
    private final RawClient client = RawClient.tcp(server);

    @BeforeEach
    void create() {
        client.answer("topics.create", "{\"name\":\"t\",\"partitions\":1}");
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
        engine.close();
    }

    /** Publishes one batch, and waits until it is durable. */
    private byte[] publish(Compression codec) {
        ByteBuf batch = Batches.compressed(codec, RECORDS, 100);
        byte[] bytes = ByteBufUtil.getBytes(batch);
        RawClient.Channel channel = client.channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
        assertInstanceOf(Message.Opened.class, channel.down.message());
        assertInstanceOf(Message.WriteCredit.class, channel.down.message());
        channel.send(new Message.Batch(0, 0, batch));
        Message answer = channel.down.message();
        while (!(answer instanceof Message.Ack)) {
            answer = channel.down.message();
        }
        channel.complete();
        return bytes;
    }

    private RawClient.Channel read(String accept) {
        return client.channel(
                "read.batched",
                new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"" + accept + "}"),
                Long.MAX_VALUE);
    }

    /** All of a batch but its place, which its publisher cannot know. */
    private static byte[] sealed(byte[] batch) {
        return ByteBufUtil.getBytes(
                Unpooled.wrappedBuffer(batch), RecordBatch.CRC_OFFSET, batch.length - RecordBatch.CRC_OFFSET);
    }

    private static byte[] inflated(byte[] batch) {
        ByteBuf plain = RecordBatch.inflate(Unpooled.wrappedBuffer(batch), Limits.DEFAULT);
        try {
            return ByteBufUtil.getBytes(plain);
        } finally {
            plain.release();
        }
    }

    /** Takes the next batch, which is to be the only one, with these bytes. */
    private static void assertGives(byte[] batch, RawClient.Channel channel) {
        Message.Records records = assertInstanceOf(Message.Records.class, channel.down.message());
        assertEquals(RECORDS, records.records());
        RecordBatch.verify(records.batch());
        assertArrayEquals(sealed(batch), sealed(ByteBufUtil.getBytes(records.batch())));
    }

    @ParameterizedTest
    @EnumSource
    void a_reader_that_says_nothing_gets_the_bytes_that_were_published(Compression codec) {
        byte[] published = publish(codec);
        RawClient.Channel channel = read("");
        channel.send(new Message.Credit(RECORDS, 1 << 20));
        assertGives(published, channel);
        assertEquals(0, engine.readTotals().inflatedBatches());
    }

    @ParameterizedTest
    @EnumSource
    void a_reader_that_accepts_gzip_gets_the_others_inflated(Compression codec) {
        byte[] published = publish(codec);
        RawClient.Channel channel = read(",\"accept\":[\"gzip\"]");
        channel.send(new Message.Credit(RECORDS, 1 << 20));
        assertGives(codec == Compression.GZIP ? published : inflated(published), channel);
    }

    @ParameterizedTest
    @EnumSource
    void a_reader_that_accepts_nothing_gets_all_inflated(Compression codec) {
        byte[] published = publish(codec);
        RawClient.Channel channel = read(",\"accept\":[]");
        channel.send(new Message.Credit(RECORDS, 1 << 20));
        assertGives(inflated(published), channel);
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void credit_in_bytes_counts_what_is_sent(Compression codec) {
        publish(codec);
        RawClient.Channel channel = read(",\"accept\":[]");
        int seen = 0;
        long bytes = 0;
        for (long permitted = 1_000; seen < RECORDS; permitted += 1_000) {
            channel.send(new Message.Credit(RECORDS, 1_000));
            Message.Records records = assertInstanceOf(Message.Records.class, channel.down.message());
            seen += records.records();
            bytes += records.batch().readableBytes();
            assertTrue(bytes < permitted + 200, bytes + " of " + permitted + ", where a record goes beyond at most");
        }
        assertEquals(RECORDS, seen);
        assertEquals(1, engine.readTotals().inflatedBatches());
    }

    @ParameterizedTest
    @EnumSource
    void a_member_gets_what_it_does_not_accept_inflated(Compression codec) throws JsonProcessingException {
        byte[] published = publish(codec);
        RawClient.Channel member = client.jsonChannel(
                "group",
                "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"],\"from\":\"earliest\"}",
                Long.MAX_VALUE);
        String name = JSON.readTree(member.down.text()).path("member").asText();
        JsonNode assigned = JSON.readTree(member.down.text());
        assertEquals("assigned", assigned.path("type").asText());
        for (String accept : new String[] {"", ",\"accept\":[\"gzip\"]"}) {
            RawClient.Channel channel = client.channel(
                    "group.partition.batched",
                    new Message.Open("{\"member\":\"" + name + "\"" + accept + "}"),
                    Long.MAX_VALUE);
            channel.send(new Message.Add(assigned.path("handle").asInt(), 0));
            channel.send(new Message.Credit(RECORDS, 1 << 20));
            boolean asStored = accept.isEmpty() || codec == Compression.GZIP;
            assertGives(asStored ? published : inflated(published), channel);
            channel.down.cancel();
        }
    }
}
