package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Token;
import io.levada.TopicSpec;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchWriter;
import io.levada.facade.ProducerId;
import io.levada.protocol.Message;
import io.levada.protocol.RecordBatch;
import io.levada.sdk.FakeServer.Channel;
import io.levada.sdk.FakeServer.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Streams that outlive their connection, against a server that does as the test says. */
class ResumeTest {
    private static final UUID LOG = new UUID(1, 2);
    private static final UUID TOPIC = new UUID(3, 4);
    private static final Message IDLE = new Message.Open("{\"topic\":\"idle\"}");

    private final FakeServer server = new FakeServer(Transport.TCP);
    private RemoteEngine engine = engine(Await.LIMIT);
    private final Journal journal = new Journal();
    private final AtomicInteger idsAsked = new AtomicInteger();

    private RemoteEngine engine(Duration reconnectTimeout) {
        LinkLimits limits = LinkLimits.of(Await.LIMIT).withReconnectTimeout(reconnectTimeout);
        return new RemoteEngine(new Link(Address.parse(server.address()), limits));
    }

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private void describe(UUID logId, long start, long durable) {
        String partition = "{\"partition\":%d,\"start\":%d,\"end\":%d,\"durable\":%d,\"bytes\":0}";
        String answer = "{\"name\":\"t\",\"id\":\"" + TOPIC + "\",\"logId\":\"" + logId + "\",\"partitions\":["
                + partition.formatted(0, start, durable, durable) + ","
                + partition.formatted(1, start, durable, durable) + "],\"config\":{}}";
        server.answer("topics.describe", request -> Mono.just(answer));
    }

    private Channel opened() {
        return opened(10);
    }

    private Channel opened(int credit) {
        Channel channel = server.nextChannel();
        assertInstanceOf(Message.Open.class, channel.next());
        channel.send(new Message.Opened(6, 1 << 20));
        channel.send(new Message.WriteCredit(credit, 1 << 20));
        return channel;
    }

    private static Message.Batch batch(Channel channel) {
        return assertInstanceOf(Message.Batch.class, channel.next());
    }

    @Test
    void a_writer_sends_what_was_not_acknowledged_again_byte_for_byte() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel first = opened();
        assertEquals("open 6 1048576", journal.next());
        assertEquals("credit 10 1048576", journal.next());
        writer.write(5, 0, Batches.of(3, 0));
        writer.write(5, 1, Batches.of(2, 0));
        writer.write(1, 2, Batches.of(1, 0));
        ByteBuf acknowledged = batch(first).batch();
        byte[] second = ByteBufUtil.getBytes(batch(first).batch());
        byte[] third = ByteBufUtil.getBytes(batch(first).batch());
        assertEquals(0, RecordBatch.baseSequence(acknowledged));
        first.send(new Message.Ack(0, 40));
        assertEquals("ack 0 40", journal.next());
        assertEquals("credit 1 " + acknowledged.readableBytes(), journal.next());
        server.dropConnections();

        Channel next = opened();
        Message.Batch again = batch(next);
        assertEquals(0, again.sequence());
        assertEquals(5, again.partition());
        assertEquals(3, RecordBatch.baseSequence(again.batch()));
        assertEquals(RecordBatch.producerId(acknowledged), RecordBatch.producerId(again.batch()));
        assertArrayEquals(second, ByteBufUtil.getBytes(again.batch()));
        assertArrayEquals(third, ByteBufUtil.getBytes(batch(next).batch()));
        next.send(new Message.Ack(1, 7));
        next.send(new Message.Ack(0, 43));
        assertEquals("ack 2 7", journal.next());
        assertTrue(journal.next().startsWith("credit 1 "));
        assertEquals("ack 1 43", journal.next());
        assertTrue(journal.next().startsWith("credit 1 "));
        writer.complete();
        assertEquals("up completed", next.nextEvent());
        next.complete();
        assertEquals("complete", journal.next());
        assertTrue(journal.onSdkThreads);
    }

    @Test
    void parts_are_passed_on_once_however_often_the_server_tells_of_them() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel first = opened();
        assertEquals("open 6 1048576", journal.next());
        assertEquals("credit 10 1048576", journal.next());
        writer.write(0, 0, Batches.of(6, 0));
        writer.write(0, 1, Batches.of(3, 0));
        writer.write(0, 2, Batches.of(3, 0));
        for (int i = 0; i < 3; i++) {
            batch(first);
        }
        first.send(new Message.PartAck(0, 1, 10));
        first.send(new Message.PartAck(0, 1, 20));
        first.send(new Message.PartAck(1, 1, 50));
        first.send(new Message.PartAck(2, 2, 60));
        for (String line : List.of("part 0 1 10", "part 0 1 20", "part 1 1 50", "part 2 2 60")) {
            assertEquals(line, journal.next());
        }
        server.dropConnections();

        Channel next = opened();
        for (int i = 0; i < 3; i++) {
            batch(next);
        }
        next.send(new Message.PartAck(0, 1, 10));
        next.send(new Message.PartAck(0, 3, 20)); // one record told of before, and two behind it
        next.send(new Message.Ack(0, 30));
        next.send(new Message.PartAck(1, 1, 50));
        next.send(new Message.Ack(1, 55));
        next.send(new Message.Ack(2, 60)); // all of it in one
        for (String line : List.of("part 0 2 21", "ack 0 30", "ack 1 55", "ack 2 62")) {
            assertEquals(line, journal.next());
            if (line.startsWith("ack")) {
                assertTrue(journal.next().startsWith("credit 1 "));
            }
        }
    }

    @Test
    void a_part_that_leaves_nothing_of_its_batch_ends_the_writer() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        assertEquals("open 6 1048576", journal.next());
        assertEquals("credit 10 1048576", journal.next());
        writer.write(0, 0, Batches.of(3, 0));
        batch(channel);
        channel.send(new Message.PartAck(0, 3, 10));
        String line = journal.next();
        assertTrue(line.startsWith("error ") && line.contains("3 records of batch 0"), line);
    }

    @Test
    void a_later_stream_goes_on_with_the_sequences_of_one_that_is_through() {
        long id = publishOne(0);
        assertEquals(id, publishOne(2));
    }

    private long publishOne(int expectedSequence) {
        Journal own = new Journal();
        BatchWriter writer = engine.write("t", own.writer());
        Channel channel = opened();
        assertTrue(own.next().startsWith("open"));
        assertTrue(own.next().startsWith("credit"));
        writer.write(0, 0, Batches.of(2, 0));
        writer.complete();
        ByteBuf sent = batch(channel).batch();
        assertEquals(expectedSequence, RecordBatch.baseSequence(sent));
        channel.send(new Message.Ack(0, 9));
        channel.complete();
        assertEquals("ack 0 9", own.next());
        assertTrue(own.next().startsWith("credit"));
        assertEquals("complete", own.next());
        return RecordBatch.producerId(sent);
    }

    @Test
    void batches_of_a_named_producer_are_sent_as_they_are() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        ByteBuf batch = Batches.of(2, 0);
        RecordBatch.setProducer(batch, 5, (short) 3, 7);
        writer.write(0, 0, batch);
        ByteBuf sent = batch(channel).batch();
        assertEquals(5, RecordBatch.producerId(sent));
        assertEquals(3, RecordBatch.producerEpoch(sent));
        assertEquals(7, RecordBatch.baseSequence(sent));
    }

    @Test
    void a_server_that_gives_no_ids_is_not_published_to() {
        server.answer(
                "producers.open",
                request -> FakeServer.error(
                        "{\"error\":{\"code\":\"INVALID_REQUEST\",\"message\":\"there is no route\",\"retriable\":false}}"));
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        assertEquals("open 6 1048576", journal.next());
        assertEquals("credit 10 1048576", journal.next());
        writer.write(0, 0, Batches.of(1, 0));
        String line = journal.next();
        assertTrue(line.startsWith("error UNSUPPORTED_VERSION: ") && line.endsWith("there is no route"), line);
        assertEquals("down cancelled", channel.nextEvent());
        assertEquals(0, channel.waiting());
    }

    private void giveNoIds() {
        server.answer("producers.open", request -> {
            idsAsked.incrementAndGet();
            return Mono.just("{\"producerId\":\"-1\",\"epoch\":-1}");
        });
    }

    private void expectOpen() {
        assertEquals("open 6 1048576", journal.next());
        assertTrue(journal.next().startsWith("credit "));
    }

    @Test
    void what_was_in_flight_to_a_server_that_gives_no_ids_is_not_sent_again_and_its_outcome_unknown() {
        giveNoIds();
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        expectOpen();
        ByteBuf batch = Batches.of(3, 0);
        byte[] bytes = ByteBufUtil.getBytes(batch);
        engine.write("idle", new Journal().writer());
        opened();
        writer.write(5, 0, batch);
        writer.write(5, 1, Batches.of(4, 0));
        writer.write(1, 2, Batches.of(2, 0));
        assertArrayEquals(bytes, ByteBufUtil.getBytes(batch(channel).batch()));
        batch(channel);
        batch(channel);
        channel.send(new Message.Ack(0, 40));
        assertEquals("ack 0 40", journal.next());
        assertEquals("credit 1 " + bytes.length, journal.next());
        channel.send(new Message.PartAck(1, 1, 60));
        assertEquals("part 1 1 60", journal.next());
        server.dropConnections();

        String line = journal.next();
        assertTrue(
                line.startsWith(
                        "error OUTCOME_UNKNOWN: of 2 batches, 5 records, it is not known whether they were appended"),
                line);
        assertEquals(IDLE, server.nextChannel().next());
        assertOnlyIdleComesBack();
    }

    @Test
    void a_channel_that_a_server_without_ids_ends_is_lost_as_well() {
        giveNoIds();
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        expectOpen();
        engine.write("idle", new Journal().writer());
        opened();
        writer.write(0, 0, Batches.of(3, 0));
        batch(channel);
        channel.fail("{\"error\":{\"code\":\"GOING_AWAY\",\"message\":\"the server stops\",\"retriable\":true}}");
        String line = journal.next();
        assertTrue(line.startsWith("error OUTCOME_UNKNOWN: of 1 batches, 3 records, "), line);
        assertTrue(line.endsWith(": GOING_AWAY: the server stops"), line);
        assertOnlyIdleComesBack();
    }

    /** A writer with nothing in flight, open beside another, comes back twice, and the other not once. */
    private void assertOnlyIdleComesBack() {
        for (int i = 0; i < 2; i++) {
            server.dropConnections();
            assertEquals(IDLE, server.nextChannel().next());
        }
        assertEquals(0, server.channelsWaiting());
    }

    @Test
    void a_batch_that_was_refused_by_a_server_without_ids_has_a_known_outcome() {
        giveNoIds();
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        expectOpen();
        writer.write(0, 0, Batches.of(3, 0));
        batch(channel);
        channel.fail("{\"error\":{\"code\":\"STORAGE_FULL\",\"message\":\"full\",\"retriable\":true}}");
        assertEquals("error STORAGE_FULL: full", journal.next());
    }

    @Test
    void with_nothing_in_flight_a_writer_without_ids_goes_on_over_the_next_connection() {
        giveNoIds();
        BatchWriter writer = engine.write("t", journal.writer());
        Channel first = opened(1); // the second batch waits
        expectOpen();
        ByteBuf batch = Batches.of(2, 0);
        int bytes = batch.readableBytes();
        writer.write(0, 0, batch);
        batch(first);
        first.send(new Message.Ack(0, 7));
        assertEquals("ack 0 7", journal.next());
        assertEquals("credit 1 " + bytes, journal.next());
        writer.write(0, 1, Batches.of(1, 0));
        server.dropConnections();

        Channel next = opened();
        Message.Batch sent = batch(next);
        assertEquals(0, sent.sequence());
        assertEquals(RecordBatch.NO_PRODUCER_ID, RecordBatch.producerId(sent.batch()));
        next.send(new Message.Ack(0, 9));
        assertEquals("ack 1 9", journal.next());
        assertTrue(journal.next().startsWith("credit 1 "));
        writer.complete();
        assertEquals("up completed", next.nextEvent());
        next.complete();
        assertEquals("complete", journal.next());
        assertEquals(0, next.waiting());
        assertEquals(1, idsAsked.get());
    }

    @Test
    void what_no_connection_was_given_has_a_known_outcome_without_ids_too() {
        engine.close();
        engine = engine(Duration.ofMillis(300));
        giveNoIds();
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(1); // the second batch waits
        expectOpen();
        writer.write(0, 0, Batches.of(1, 0));
        batch(channel);
        channel.send(new Message.Ack(0, 7));
        assertEquals("ack 0 7", journal.next());
        assertTrue(journal.next().startsWith("credit 1 "));
        writer.write(0, 1, Batches.of(1, 0));
        server.stop();
        String line = journal.next();
        assertTrue(line.startsWith("error CONNECTION_LOST: "), line);
    }

    @Test
    void that_a_server_gives_no_ids_is_not_asked_by_each_stream_whichever_its_topic() {
        giveNoIds();
        for (String topic : List.of("t", "t", "other")) {
            Journal own = new Journal();
            BatchWriter writer = engine.write(topic, own.writer());
            Channel channel = opened();
            assertTrue(own.next().startsWith("open"));
            assertTrue(own.next().startsWith("credit"));
            writer.write(0, 0, Batches.of(2, 0));
            assertEquals(
                    RecordBatch.NO_PRODUCER_ID,
                    RecordBatch.producerId(batch(channel).batch()));
            writer.cancel();
        }
        assertEquals(1, idsAsked.get());
    }

    @Test
    void an_answer_that_is_half_an_id_is_not_understood() {
        for (String answer : List.of(
                "{\"producerId\":\"-1\",\"epoch\":0}",
                "{\"producerId\":\"5\",\"epoch\":-1}",
                "{\"producerId\":\"-2\",\"epoch\":-1}",
                "{\"producerId\":\"-1\",\"epoch\":65535}")) {
            server.answer("producers.open", request -> Mono.just(answer));
            LevadaException error = assertThrows(
                    LevadaException.class, () -> engine.openProducer(null).block(Await.LIMIT), answer);
            assertTrue(error.line().contains("producers.open"), error.line());
        }
        giveNoIds();
        assertEquals(ProducerId.NONE, engine.openProducer(null).block(Await.LIMIT));
    }

    @Test
    void what_only_looks_is_asked_again_on_the_next_connection() {
        AtomicInteger asked = new AtomicInteger();
        server.answer("topics.list", request -> {
            if (asked.incrementAndGet() < 3) {
                server.dropConnections();
                return Mono.never();
            }
            return Mono.just("{\"topics\":[\"t\"]}");
        });
        assertEquals(List.of("t"), engine.topics().list().collectList().block(Await.LIMIT));
        assertEquals(3, asked.get());
    }

    @Test
    void whether_something_was_changed_is_not_known_when_the_connection_is_lost_before_the_answer() {
        assertUnknown("topics.create", engine.topics().create(TopicSpec.of("t")));
        assertUnknown("topics.alter", engine.topics().alter("t", Map.of("retention.ms", "1")));
        assertUnknown("topics.alter", engine.topics().addPartitions("t", 3));
        assertUnknown("topics.deleteRecords", engine.topics().deleteRecords("t", 0, 1));
        assertUnknown("topics.delete", engine.topics().delete("t"));
        assertUnknown("groups.delete", engine.groups().delete("g"));
    }

    private void assertUnknown(String route, Mono<?> change) {
        AtomicInteger asked = new AtomicInteger();
        server.answer(route, request -> {
            asked.incrementAndGet();
            server.dropConnections();
            return Mono.never();
        });
        LevadaException error = assertThrows(LevadaException.class, () -> change.block(Await.LIMIT));
        assertEquals(ErrorCode.OUTCOME_UNKNOWN, error.code(), error.line());
        assertTrue(error.line().contains(route), error.line());
        assertEquals(1, asked.get());
    }

    @Test
    void a_change_that_was_not_sent_has_a_known_outcome() {
        server.stop();
        LevadaException error = assertThrows(
                LevadaException.class, () -> engine.topics().delete("t").block(Await.LIMIT));
        assertEquals(ErrorCode.CONNECTION_LOST, error.code(), error.line());
    }

    @Test
    void a_writer_that_gives_up_leaves_the_outcome_unknown() {
        engine.close();
        engine = engine(Duration.ofMillis(300));
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened();
        assertEquals("open 6 1048576", journal.next());
        assertEquals("credit 10 1048576", journal.next());
        writer.write(0, 0, Batches.of(1, 0));
        batch(channel);
        server.stop();
        String line = journal.next();
        assertTrue(line.startsWith("error OUTCOME_UNKNOWN: of 1 batches it is not known"), line);
    }

    @Test
    void an_error_that_another_connection_does_not_mend_ends_the_writer() {
        engine.write("t", journal.writer());
        server.nextChannel()
                .fail("{\"error\":{\"code\":\"UNKNOWN_TOPIC_OR_PARTITION\",\"message\":\"no t\",\"retriable\":false}}");
        assertEquals("error UNKNOWN_TOPIC_OR_PARTITION: no t", journal.next());
    }

    private static String token(long zero, long one) {
        SortedMap<Integer, Long> next = new TreeMap<>();
        next.put(0, zero);
        next.put(1, one);
        return new Token(LOG, TOPIC, next).encode();
    }

    private static Message.Open open(String from, String to) {
        return new Message.Open("{\"topic\":\"t\",\"from\":\"" + from + "\",\"to\":\"" + to + "\"}");
    }

    @Test
    void a_reader_goes_on_behind_what_it_delivered_with_the_credit_that_is_left() {
        describe(LOG, 0, 100);
        BatchReader reader =
                engine.read(ReadSpec.of("t").from(Position.latest()).to(End.now()), journal.batches());
        Channel first = server.nextChannel();
        assertEquals(open(token(100, 100), token(100, 100)), first.next());
        reader.credit(5, 1_000);
        assertEquals(new Message.Credit(5, 1_000), first.next());
        ByteBuf batch = Batches.of(2, 140);
        final int bytes = batch.readableBytes();
        first.send(new Message.Records(1, 2, batch));
        assertEquals("batch 1 2 at 140", journal.next());
        first.send(new Message.Gap(0, 100, 120));
        assertEquals("gap 0 100 120", journal.next());
        first.send(new Message.Passed(1, 150));
        assertEquals("passed 1 150", journal.next());

        describe(LOG, 130, 200);
        server.dropConnections();
        assertEquals("gap 0 120 130", journal.next());
        Channel second = server.nextChannel();
        assertEquals(open(token(130, 150), token(100, 100)), second.next());
        assertEquals(new Message.Credit(3, 1_000 - bytes), second.next());
        second.send(new Message.End(0, null));
        second.send(new Message.End(1, null));
        assertEquals("end 0", journal.next());
        assertEquals("end 1", journal.next());
        server.dropConnections();
        assertEquals("complete", journal.next());
    }

    @Test
    void a_stream_that_has_carried_all_it_can_goes_on_in_another_on_the_same_connection() {
        engine.close();
        LinkLimits limits = LinkLimits.of(Await.LIMIT).withReconnectTimeout(Await.LIMIT);
        engine = new RemoteEngine(new Link(Address.parse(server.address()), limits.withMessagesPerStream(2)));
        describe(LOG, 0, 100);
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        reader.credit(5, 1_000);
        Channel full = server.nextChannel();
        full.next();
        full.send(new Message.Records(0, 1, Batches.of(1, 0)));
        full.send(new Message.Records(1, 1, Batches.of(1, 0)));
        assertEquals("batch 0 1 at 0", journal.next());
        assertEquals("batch 1 1 at 0", journal.next());

        Channel next = server.nextChannel();
        assertEquals(open(token(1, 1), "never"), next.next());
        assertEquals(1, server.connections.size());
        next.send(new Message.Records(0, 1, Batches.of(1, 1)));
        assertEquals("batch 0 1 at 1", journal.next());
    }

    @Test
    void what_a_reader_accepts_is_said_on_every_connection() {
        describe(LOG, 0, 100);
        engine.read(ReadSpec.of("t"), journal.accepting(Set.of()).batches());
        Message.Open first =
                assertInstanceOf(Message.Open.class, server.nextChannel().next());
        assertTrue(first.json().endsWith(",\"accept\":[\"none\"]}"), first.json());
        server.dropConnections();
        Message.Open next =
                assertInstanceOf(Message.Open.class, server.nextChannel().next());
        assertTrue(next.json().endsWith(",\"accept\":[\"none\"]}"), next.json());
    }

    @Test
    void a_reader_does_not_go_on_in_another_log() {
        describe(LOG, 0, 100);
        engine.read(ReadSpec.of("t"), journal.batches());
        server.nextChannel();
        describe(new UUID(9, 9), 0, 100);
        server.dropConnections();
        String line = journal.next();
        assertTrue(line.startsWith("error LOG_CHANGED: "), line);
    }

    @Test
    void closing_the_client_ends_what_waits_for_a_connection() {
        describe(LOG, 0, 100);
        engine.read(ReadSpec.of("t"), journal.batches());
        server.nextChannel();
        server.stop();
        engine.close();
        assertEquals("error GOING_AWAY: this client was closed", journal.next());
    }
}
