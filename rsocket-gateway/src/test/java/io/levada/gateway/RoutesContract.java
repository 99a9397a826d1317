package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.Match;
import io.levada.Overflow;
import io.levada.ReadSpec;
import io.levada.facade.ExpectedPlace;
import io.levada.facade.ProducerId;
import io.levada.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** Every route, to the letter of PROTOCOL.md; run for each transport. */
interface RoutesContract {
    /** A client of a server over {@link #engine}; closed by the implementation after each test. */
    RawClient client();

    FakeEngine engine();

    static String error(String code, String message, boolean retriable) {
        return "{\"error\":{\"code\":\"" + code + "\",\"message\":\"" + message + "\",\"retriable\":" + retriable
                + "}}";
    }

    @Test
    default void topics_are_created_listed_described_altered_and_deleted() {
        String described = "{\"name\":\"t\",\"id\":\"" + FakeEngine.ID + "\",\"logId\":\"" + FakeEngine.LOG
                + "\",\"partitions\":[{\"partition\":0,\"start\":1,\"end\":9,\"durable\":8,\"bytes\":700},"
                + "{\"partition\":1,\"start\":1,\"end\":9,\"durable\":8,\"bytes\":700}],\"config\":{\"segment.bytes\":\"5\"}}";

        assertEquals(
                described,
                client().answer("topics.create", "{\"name\":\"t\",\"partitions\":2,\"config\":{\"segment.bytes\":5}}"));
        assertEquals("{\"topics\":[\"t\"]}", client().answer("topics.list", "{}"));
        assertEquals(described, client().answer("topics.describe", "{\"name\":\"t\"}"));
        assertEquals(
                error("TOPIC_ALREADY_EXISTS", "topic t exists", false),
                client().error("topics.create", "{\"name\":\"t\"}"));
        assertEquals(
                described.replace("\"5\"}}", "\"5\",\"z\":\"-1\"}}"),
                client().answer("topics.alter", "{\"name\":\"t\",\"config\":{\"z\":-1}}"));
        assertTrue(client().answer("topics.alter", "{\"name\":\"t\",\"partitions\":3}")
                .contains("{\"partition\":2,"));
        assertEquals(
                "{\"start\":4}",
                client().answer("topics.deleteRecords", "{\"name\":\"t\",\"partition\":1,\"beforeOffset\":4}"));
        assertEquals("{}", client().answer("topics.delete", "{\"name\":\"t\"}"));
        assertEquals("{\"topics\":[]}", client().answer("topics.list", ""));
        assertEquals(
                error("UNKNOWN_TOPIC_OR_PARTITION", "no topic t", false),
                client().error("topics.describe", "{\"name\":\"t\"}"));
    }

    @Test
    default void offsets_of_a_position_are_told() {
        client().answer("topics.create", "{\"name\":\"t\",\"partitions\":2}");
        assertEquals(
                "{\"topic\":\"t\",\"offsets\":[{\"partition\":0,\"offset\":8},{\"partition\":1,\"offset\":8}]}",
                client().answer("offsets", "{\"topic\":\"t\"}"));
        assertEquals(
                "{\"topic\":\"t\",\"offsets\":[{\"partition\":1,\"offset\":1}]}",
                client().answer("offsets", "{\"topic\":\"t\",\"partition\":1,\"at\":\"earliest\"}"));
        assertTrue(client().error("offsets", "{\"topic\":\"t\",\"at\":\"x\"}").contains("INVALID_REQUEST"));
        assertTrue(client().error("offsets", "{\"topic\":\"none\"}").contains("UNKNOWN_TOPIC_OR_PARTITION"));
    }

    @Test
    default void producers_are_given_an_id_and_an_epoch() {
        assertEquals("{\"producerId\":\"9007199254740993\",\"epoch\":0}", client().answer("producers.open", "{}"));
        assertEquals("{\"producerId\":\"7\",\"epoch\":3}", client().answer("producers.open", "{\"name\":\"p\"}"));
        assertTrue(client().error("producers.open", "{\"id\":1}").contains("INVALID_REQUEST"));
    }

    @Test
    default void a_producer_is_told_that_there_are_no_ids() {
        engine().unnamed = ProducerId.NONE;
        assertEquals("{\"producerId\":\"-1\",\"epoch\":-1}", client().answer("producers.open", "{}"));
    }

    @Test
    default void groups_are_reset() {
        assertTrue(client().answer("groups.reset", "{\"group\":\"g\",\"topic\":\"t\",\"to\":\"latest\"}")
                .startsWith("{\"group\":\"g t null latest\",\"state\":\"Stable\",\"generation\":3,"));
        assertTrue(
                client().answer("groups.reset", "{\"group\":\"g\",\"topic\":\"t\",\"partition\":2,\"to\":\"offset:5\"}")
                        .startsWith("{\"group\":\"g t 2 offset:5\","));
        assertTrue(client().error("groups.reset", "{\"group\":\"g\",\"topic\":\"t\",\"to\":\"x\"}")
                .contains("INVALID_REQUEST"));
    }

    @Test
    default void groups_are_listed_described_and_deleted() {
        assertEquals("{\"groups\":[\"g\"]}", client().answer("groups.list", "{}"));
        assertEquals(
                "{\"group\":\"g\",\"state\":\"Stable\",\"generation\":3,\"members\":[{\"member\":\"m\",\"partitions\":"
                        + "[{\"topic\":\"t\",\"partition\":0}],\"idle\":false}],\"offsets\":[{\"topic\":\"t\",\"partition\":0,"
                        + "\"committed\":5,\"end\":8,\"lag\":3,\"lagMs\":40}]}",
                client().answer("groups.describe", "{\"group\":\"g\"}"));
        assertEquals(
                error("NON_EMPTY_GROUP", "g has members", false), client().error("groups.delete", "{\"group\":\"g\"}"));
    }

    @Test
    default void an_unknown_route_is_told_what_there_is() {
        String error = client().error("topics.rename", "{}");

        assertTrue(error.contains("\"INVALID_REQUEST\""), error);
        assertTrue(error.contains("there is no route 'topics.rename' for a request-response; use topics.list"), error);
        assertTrue(client().error("read", "{}").contains("route 'read' is a stream, not a request-response"));
    }

    @Test
    default void a_request_with_wrong_data_is_told_what_is_taken() {
        assertTrue(client().error("topics.describe", "{}").contains("topics.describe needs 'name', a string"));
        assertTrue(client().error("topics.describe", "[]").contains("topics.describe takes a JSON object"));
        assertTrue(client().error("topics.describe", "{\"nam\":1}").contains("has no 'nam'; it takes name"));
        assertTrue(client().error("topics.list", "{").contains("takes a JSON object"));
    }

    @Test
    default void records_published_as_json_are_answered_with_their_places() {
        Thread engine = new Thread(() -> {
            FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
            writer.sink.onOpen(2, 1 << 20);
            writer.sink.onCredit(10, 1 << 20);
            FakeEngine.Written first = Await.next("a batch", writer.written);
            writer.sink.onAck(first.sequence(), 40);
            Await.until("complete", writer.completed::get);
            writer.sink.onComplete();
        });
        engine.start();

        assertEquals(
                "{\"records\":[{\"partition\":1,\"offset\":40,\"timestamp\":5},{\"partition\":1,\"offset\":41,\"timestamp\":6}]}",
                client().answer(
                                "publish",
                                "{\"topic\":\"t\",\"records\":[{\"key\":\"k\",\"value\":{\"a\":1.0},\"partition\":1,\"timestamp\":5},"
                                        + "{\"value\":null,\"partition\":1,\"timestamp\":6}]}"));
    }

    @Test
    default void records_published_as_json_are_answered_with_their_places_where_those_are_not_in_a_row() {
        Thread engine = new Thread(() -> {
            FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
            writer.sink.onOpen(1, 1 << 20);
            writer.sink.onCredit(10, 1 << 20);
            FakeEngine.Written first = Await.next("a batch", writer.written);
            writer.sink.onPartAck(first.sequence(), 1, 40);
            writer.sink.onAck(first.sequence(), 50);
            Await.until("complete", writer.completed::get);
            writer.sink.onComplete();
        });
        engine.start();

        assertEquals(
                "{\"records\":[{\"partition\":0,\"offset\":40,\"timestamp\":5},{\"partition\":0,\"offset\":50,\"timestamp\":6},"
                        + "{\"partition\":0,\"offset\":51,\"timestamp\":7}]}",
                client().answer(
                                "publish",
                                "{\"topic\":\"t\",\"records\":[{\"value\":\"a\",\"timestamp\":5},"
                                        + "{\"value\":\"b\",\"timestamp\":6},{\"value\":\"c\",\"timestamp\":7}]}"));
    }

    @Test
    default void records_published_as_json_may_be_expected_at_an_offset() {
        BlockingQueue<ExpectedPlace> places = new LinkedBlockingQueue<>();
        Thread engine = new Thread(() -> {
            FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
            places.add(Objects.requireNonNull(writer.place));
            writer.sink.onError(new LevadaException(ErrorCode.OFFSET_MISMATCH, "t-1 ends at 42"));
        });
        engine.start();

        assertEquals(
                "{\"error\":{\"code\":\"OFFSET_MISMATCH\",\"message\":\"t-1 ends at 42\",\"retriable\":false}}",
                client().error(
                                "publish",
                                "{\"topic\":\"t\",\"partition\":1,\"expectedOffset\":40,\"records\":[{\"value\":\"v\"}]}"));
        assertEquals(new ExpectedPlace(1, 40), Await.next("a place", places));
    }

    @Test
    default void a_partition_and_an_expected_offset_go_together() {
        for (String half : List.of("\"partition\":1", "\"expectedOffset\":40")) {
            String error = client().error("publish", "{\"topic\":\"t\"," + half + ",\"records\":[{\"value\":\"v\"}]}");
            assertTrue(error.contains("partition and expectedOffset together, or neither"), error);
        }
    }

    @Test
    default void a_fire_and_forget_publishes_without_an_answer() {
        client().rsocket
                .fireAndForget(RawClient.request("publish", "{\"topic\":\"t\",\"records\":[{\"value\":\"v\"}]}"))
                .block(Await.LIMIT);
        FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
        writer.sink.onOpen(1, 1 << 20);
        writer.sink.onCredit(10, 1 << 20);

        assertEquals(0, Await.next("a batch", writer.written).partition());

        writer.sink.onAck(0, 7);
        Await.until("complete", writer.completed::get);
        writer.sink.onComplete();
    }

    @Test
    default void a_fire_and_forget_ends_also_where_its_records_are_not_in_a_row() {
        client().rsocket
                .fireAndForget(RawClient.request(
                        "publish", "{\"topic\":\"t\",\"records\":[{\"value\":\"a\"},{\"value\":\"b\"}]}"))
                .block(Await.LIMIT);
        FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
        writer.sink.onOpen(1, 1 << 20);
        writer.sink.onCredit(10, 1 << 20);
        Await.next("a batch", writer.written);

        writer.sink.onPartAck(0, 1, 7);
        writer.sink.onAck(0, 9);
        Await.until("complete", writer.completed::get);
        writer.sink.onComplete();
        assertFalse(writer.cancelled.get());
    }

    @Test
    default void batches_are_published_as_they_are_and_acknowledged() {
        RawClient.Channel channel = client().channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
        FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
        assertEquals("t", writer.topic);
        writer.sink.onOpen(3, 1 << 20);
        writer.sink.onCredit(2, 1_000);
        assertEquals(new Message.Opened(3, 1 << 20), channel.down.message());
        assertEquals(new Message.WriteCredit(2, 1_000), channel.down.message());

        ByteBuf batch = Batches.of(0, "a", "b");
        byte[] bytes = ByteBufUtil.getBytes(batch);
        channel.send(new Message.Batch(2, 0, batch));
        FakeEngine.Written written = Await.next("a batch", writer.written);
        assertEquals(2, written.partition());
        assertEquals(0, written.sequence());
        assertArrayEquals(bytes, written.batch());
        writer.sink.onAck(0, 17);
        assertEquals(new Message.Ack(0, 17), channel.down.message());

        channel.complete();
        Await.until("complete", writer.completed::get);
        writer.sink.onComplete();
        assertEquals(RawClient.Stream.COMPLETE, channel.down.end());
    }

    @Test
    default void a_batch_is_acknowledged_in_parts_as_the_engine_does() {
        RawClient.Channel channel = client().channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
        FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
        channel.send(new Message.Batch(2, 0, Batches.of(0, "a", "b", "c")));
        Await.next("a batch", writer.written);
        writer.sink.onPartAck(0, 2, 17);
        writer.sink.onAck(0, 30);

        assertEquals(new Message.PartAck(0, 2, 17), channel.down.message());
        assertEquals(new Message.Ack(0, 30), channel.down.message());
    }

    @Test
    default void a_batch_out_of_sequence_ends_publishing() {
        RawClient.Channel channel = client().channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
        FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
        channel.send(new Message.Batch(0, 3, Batches.of(0, "a")));

        assertEquals(error("INVALID_REQUEST", "batch 3 where 0 is due", false), channel.down.end());
        Await.until("cancelled", writer.cancelled::get);
        assertNull(writer.written.peek());
    }

    @Test
    default void an_error_of_the_engine_ends_publishing() {
        RawClient.Channel channel = client().channel("publish", new Message.Open("{\"topic\":\"t\"}"), Long.MAX_VALUE);
        FakeEngine.FakeWriter writer = Await.next("a writer", engine().writers);
        writer.sink.onError(new LevadaException(ErrorCode.STORAGE_FULL, "full"));

        assertEquals(error("STORAGE_FULL", "full", true), channel.down.end());
    }

    @Test
    default void a_plain_read_gives_one_record_a_payload_for_exactly_what_was_requested() {
        RawClient.Stream stream =
                client().stream("read", "{\"topic\":\"t\",\"partition\":2,\"from\":\"offset:5\",\"to\":\"now\"}", 2);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        assertEquals(
                ReadSpec.of("t").partition(2).from(io.levada.Position.offset(5)).to(io.levada.End.now()), reader.spec);
        Await.until("demand for two", () -> reader.records.get() == 2 && reader.bytes.get() > 0);
        reader.sink.onBatch(2, 2, Batches.of(5, "a", "b"));

        assertEquals(
                "{\"topic\":\"t\",\"partition\":2,\"offset\":5,\"timestamp\":1000,\"key\":\"k\",\"value\":\"a\",\"headers\":{\"h\":\"1\"}}",
                stream.text());
        assertTrue(stream.text().contains("\"offset\":6"));
        assertEquals(2, reader.records.get());

        stream.request(3);
        Await.until("demand for three more", () -> reader.records.get() == 5);
        reader.sink.onBatch(2, 1, Batches.of(7, "c"));
        reader.sink.onPartitionEnd(2, null);
        reader.sink.onComplete();
        assertTrue(stream.text().contains("\"offset\":7"));
        assertEquals(RawClient.Stream.COMPLETE, stream.end());
        Await.until("cancelled", reader.cancelled::get);
    }

    @Test
    default void a_plain_read_keeps_records_beyond_its_demand_back() {
        RawClient.Stream stream = client().stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", 1);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        reader.sink.onBatch(0, 3, Batches.of(0, "a", "b", "c"));
        assertTrue(stream.text().contains("\"offset\":0"));

        stream.request(1);
        assertTrue(stream.text().contains("\"offset\":1"));
        assertNull(stream.payloads.peek());
        stream.cancel();
        Await.until("cancelled", reader.cancelled::get);
    }

    @Test
    default void a_plain_read_ends_with_the_error_of_its_partition_behind_its_records() {
        RawClient.Stream stream = client().stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", Long.MAX_VALUE);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        reader.sink.onBatch(0, 1, Batches.of(0, "a"));
        reader.sink.onPartitionEnd(0, new LevadaException(ErrorCode.CORRUPT_MESSAGE, "offsets 1 to 4"));

        assertTrue(stream.text().contains("\"offset\":0"));
        assertEquals(error("CORRUPT_MESSAGE", "offsets 1 to 4", false), stream.end());
    }

    @Test
    default void a_plain_read_ends_at_a_gap_with_both_offsets() {
        RawClient.Stream stream = client().stream("read", "{\"topic\":\"t\",\"from\":\"earliest\"}", Long.MAX_VALUE);
        Await.next("a reader", engine().readers).sink.onGap(3, 10, 20);

        assertEquals(
                error("OFFSET_OUT_OF_RANGE", "offsets 10 to 19 of partition 3 are gone; read on from offset:20", false),
                stream.end());
    }

    @Test
    default void a_plain_read_tells_what_was_dropped_with_the_next_record_of_the_partition() {
        RawClient.Stream stream = client().stream(
                "read", "{\"topic\":\"t\",\"from\":\"earliest\",\"overflow\":\"drop:7\"}", Long.MAX_VALUE);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        assertEquals(ReadSpec.of("t").overflow(Overflow.drop(null).maxLag(7)), reader.spec);
        reader.sink.onDropped(0, 3, 5);
        reader.sink.onDropped(0, 5, 9);
        reader.sink.onBatch(1, 1, Batches.of(0, "a"));
        reader.sink.onBatch(0, 2, Batches.of(9, "b", "c"));

        assertFalse(stream.text().contains("dropped"));
        assertTrue(stream.text().endsWith(",\"headers\":{\"h\":\"1\"},\"dropped\":{\"from\":3,\"to\":9}}"));
        assertFalse(stream.text().contains("dropped"));
        stream.cancel();
    }

    @Test
    default void a_position_that_is_none_is_explained() {
        assertTrue(client().stream("read", "{\"topic\":\"t\",\"from\":\"yesterday\"}", 1)
                .end()
                .contains("'yesterday' is no position"));
        assertTrue(client().stream("read", "{\"topic\":\"t\",\"from\":\"latest\",\"until\":\"x\"}", 1)
                .end()
                .contains("read has no 'until'"));
        assertTrue(client().stream("read", "{\"topic\":\"t\",\"from\":\"latest\",\"filter\":\"x\"}", 1)
                .end()
                .contains("a filter is an object with key, headers or both"));
        assertTrue(client().stream("read", "{\"topic\":\"t\",\"from\":\"latest\",\"overflow\":\"keep\"}", 1)
                .end()
                .contains("'keep' is no overflow policy; use pause, latest"));
        assertTrue(client().stream("nothing", "{}", 1).end().contains("use read, stats, session, group.partition"));
    }

    @Test
    default void a_batched_read_passes_batches_gaps_and_ends_on() {
        RawClient.Channel channel = client().channel(
                        "read.batched", new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"), Long.MAX_VALUE);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        assertEquals(ReadSpec.of("t"), reader.spec);
        assertEquals(0, reader.records.get());
        channel.send(new Message.Credit(10, 300));
        Await.until("credit", () -> reader.records.get() == 10 && reader.bytes.get() == 300);

        ByteBuf batch = Batches.of(4, "a", "b");
        byte[] bytes = ByteBufUtil.getBytes(batch);
        reader.sink.onBatch(1, 2, batch);
        reader.sink.onGap(1, 6, 9);
        reader.sink.onPassed(1, 20);
        reader.sink.onDropped(1, 20, 30);
        reader.sink.onPartitionEnd(0, new LevadaException(ErrorCode.CORRUPT_MESSAGE, "bad"));
        reader.sink.onPartitionEnd(1, null);
        reader.sink.onComplete();

        Message.Records records = assertInstanceOf(Message.Records.class, channel.down.message());
        assertEquals(1, records.handle());
        assertEquals(2, records.records());
        assertArrayEquals(bytes, ByteBufUtil.getBytes(records.batch()));
        assertEquals(new Message.Gap(1, 6, 9), channel.down.message());
        assertEquals(new Message.Passed(1, 20), channel.down.message());
        assertEquals(new Message.Dropped(1, 20, 30), channel.down.message());
        Message.End failed = assertInstanceOf(Message.End.class, channel.down.message());
        assertEquals(
                "CORRUPT_MESSAGE: bad",
                String.valueOf(failed.error() == null ? null : failed.error().line()));
        assertEquals(new Message.End(1, null), channel.down.message());
        assertEquals(RawClient.Stream.COMPLETE, channel.down.end());
    }

    private List<Compression> accepted(String members) {
        RawClient.Channel channel = client().channel(
                        "read.batched",
                        new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"" + members + "}"),
                        Long.MAX_VALUE);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        channel.down.cancel();
        return Arrays.stream(Compression.values()).filter(reader.sink::accepts).toList();
    }

    @Test
    default void a_batched_read_says_which_codecs_it_accepts() {
        assertEquals(List.of(Compression.values()), accepted(""));
        assertEquals(List.of(Compression.values()), accepted(",\"accept\":null"));
        assertEquals(List.of(), accepted(",\"accept\":[]"));
        assertEquals(List.of(Compression.GZIP), accepted(",\"accept\":[\"gzip\",\"gzip\"]"));
        assertEquals(
                List.of(Compression.NONE, Compression.LZ4, Compression.ZSTD),
                accepted(",\"accept\":[\"zstd\",\"none\",\"lz4\"]"));
    }

    @Test
    default void a_codec_that_is_none_is_answered_with_those_there_are() {
        String known = error("INVALID_REQUEST", "'br' is no codec; use none, gzip, snappy, lz4, zstd", false);
        String open = "{\"topic\":\"t\",\"from\":\"earliest\",\"accept\":";
        assertEquals(
                known,
                client().channel("read.batched", new Message.Open(open + "[\"gzip\",\"br\"]}"), 1)
                        .down
                        .end());
        for (String wrong : List.of("\"gzip\"", "[1]", "{}")) {
            assertTrue(client().channel("read.batched", new Message.Open(open + wrong + "}"), 1)
                    .down
                    .end()
                    .contains("read.batched needs 'accept', an array of strings"));
        }
        assertTrue(client().stream("read", open + "[\"gzip\"]}", 1).end().contains("read has no 'accept'"));
        assertNull(engine().readers.peek());
    }

    @Test
    default void a_read_says_which_records_it_wants() {
        client().stream(
                "read",
                "{\"topic\":\"t\",\"from\":\"earliest\",\"filter\":{\"key\":[\"a\",\"b\"],"
                        + "\"headers\":{\"h\":{\"prefix\":\"x\"}}}}",
                1);
        assertEquals(
                ReadSpec.of("t").filter(Filter.byKey(Match.anyOf("a", "b")).withHeader("h", Match.prefix("x"))),
                Await.next("a reader", engine().readers).spec);
    }

    @Test
    default void a_batched_read_waits_for_request_n_too() {
        RawClient.Channel channel =
                client().channel("read.batched", new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"), 1);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        reader.sink.onBatch(0, 1, Batches.of(0, "a"));
        reader.sink.onBatch(0, 1, Batches.of(1, "b"));
        channel.down.message();
        client().answer("topics.list", "{}");
        assertNull(channel.down.payloads.peek());

        channel.down.request(1);
        channel.down.message();
        channel.down.cancel();
        Await.until("cancelled", reader.cancelled::get);
    }

    @Test
    default void messages_that_do_not_belong_on_a_channel_end_it() {
        RawClient.Channel read =
                client().channel("read.batched", new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}"), 1);
        FakeEngine.FakeReader reader = Await.next("a reader", engine().readers);
        read.send(new Message.Batch(0, 0, Batches.of(0, "a")));
        assertTrue(read.down.end().contains("read.batched takes no Batch"));
        Await.until("cancelled", reader.cancelled::get);

        RawClient.Channel notOpened = client().channel("publish", new Message.Credit(1, 1), 1);
        assertTrue(notOpened.down.end().contains("the first message of publish is OPEN"));
        RawClient.Channel garbage = client().channel("publish", Unpooled.wrappedBuffer(new byte[] {77}), 1);
        assertTrue(garbage.down.end().contains("unknown message kind 0x4d"));
    }
}
