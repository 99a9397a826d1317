package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.facade.BatchWriter;
import io.levada.protocol.Message;
import io.levada.sdk.FakeServer.Channel;
import io.levada.sdk.FakeServer.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WriterTest {
    private FakeServer server = new FakeServer(Transport.TCP);
    private RemoteEngine engine = server.engine();
    private final Journal journal = new Journal();

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private void use(Transport transport) {
        close();
        server = new FakeServer(transport);
        engine = server.engine();
    }

    /** A channel that was answered, with so much credit. */
    private Channel opened(int batches, long bytes) {
        Channel channel = server.nextChannel();
        assertEquals("publish", channel.route);
        assertEquals(new Message.Open("{\"topic\":\"t\"}"), channel.next());
        channel.send(new Message.Opened(6, 1 << 20));
        channel.send(new Message.WriteCredit(batches, bytes));
        assertEquals("open 6 1048576", journal.next());
        assertEquals("credit " + batches + " " + bytes, journal.next());
        return channel;
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void batches_go_up_byte_for_byte_and_acknowledgements_come_down(Transport transport) {
        use(transport);
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(10, 1 << 20);
        ByteBuf batch = Batches.of(3, 0);
        byte[] bytes = ByteBufUtil.getBytes(batch);

        writer.write(5, 0, batch);
        Message.Batch sent = assertInstanceOf(Message.Batch.class, channel.next());
        assertEquals(5, sent.partition());
        assertEquals(0, sent.sequence());
        assertEquals(ByteBufUtil.hexDump(bytes), ByteBufUtil.hexDump(sent.batch()));

        channel.send(new Message.Ack(0, 41));
        assertEquals("ack 0 41", journal.next());
        writer.complete();
        assertEquals("up completed", channel.nextEvent());
        channel.complete();
        assertEquals("complete", journal.next());
        assertTrue(journal.onSdkThreads);
    }

    @Test
    void a_batch_is_acknowledged_in_parts_as_the_server_does() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(10, 1 << 20);
        writer.write(5, 0, Batches.of(3, 0));
        channel.next();
        channel.send(new Message.PartAck(0, 2, 41));
        channel.send(new Message.Ack(0, 50));
        assertEquals("part 0 2 41", journal.next());
        assertEquals("ack 0 50", journal.next());
        writer.complete();
        channel.complete();
        assertEquals("complete", journal.next());
    }

    @Test
    void a_large_batch_arrives_whole_over_a_web_socket_too() {
        use(Transport.WEB_SOCKET);
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(1, 1);
        writer.write(0, 0, Batches.of(8_000, 0));
        Message.Batch sent = assertInstanceOf(Message.Batch.class, channel.next());
        assertTrue(sent.batch().readableBytes() > 800_000);
    }

    @Test
    void the_bytes_of_a_batch_are_sent_from_where_they_are() {
        ByteBuf batch = Batches.of(3, 0);
        ByteBuf message = Wire.encode(new Message.Batch(0, 0, batch));
        try {
            batch.setByte(batch.readerIndex(), 0x55);
            assertEquals(0x55, message.getByte(13));
        } finally {
            message.release();
        }
    }

    @Test
    void going_beyond_the_credit_fails_the_stream_and_sends_nothing() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(1, 1 << 20);
        writer.write(0, 0, Batches.of(1, 0));
        writer.write(0, 1, Batches.of(1, 0));
        assertTrue(journal.next().startsWith("error THROTTLED: batch 1 of"));
        assertEquals("down cancelled", channel.nextEvent());
        assertTrue(channel.waiting() <= 1);
    }

    @Test
    void bytes_are_a_credit_of_their_own() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(10, 1);
        writer.write(0, 0, Batches.of(1, 0));
        channel.next();
        channel.send(new Message.WriteCredit(0, 1));
        assertEquals("credit 0 1", journal.next());
        writer.write(0, 1, Batches.of(1, 0));
        assertTrue(journal.next().startsWith("error THROTTLED: batch 1 of"));
    }

    @Test
    void what_is_written_before_the_credit_came_fails_too() {
        BatchWriter writer = engine.write("t", journal.writer());
        writer.write(0, 0, Batches.of(1, 0));
        assertTrue(journal.next().startsWith("error THROTTLED: batch 0 of"));
    }

    @Test
    void a_server_that_ends_early_leaves_the_outcome_unknown() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(1, 1);
        writer.write(0, 0, Batches.of(1, 0));
        channel.next();
        channel.complete();
        assertEquals(
                "error OUTCOME_UNKNOWN: the server ended the stream with 1 batches not acknowledged", journal.next());
    }

    @Test
    void a_refused_topic_fails_with_the_servers_words() {
        engine.write("t", journal.writer());
        server.nextChannel()
                .fail("{\"error\":{\"code\":\"UNKNOWN_TOPIC_OR_PARTITION\",\"message\":\"no t\",\"retriable\":false}}");
        assertEquals("error UNKNOWN_TOPIC_OR_PARTITION: no t", journal.next());
    }

    @Test
    void nonsense_from_the_server_fails_the_stream_alone() {
        for (byte[] nonsense : new byte[][] {{}, {0x77}, {0x13, 1}, {0x11, '{'}, {0x21, 0, 0, 0, 0, 0, 0, 0, 1, 9}}) {
            engine.write("t", journal.writer());
            Channel channel = server.nextChannel();
            channel.sendBytes(nonsense);
            assertTrue(journal.next().startsWith("error UNKNOWN_SERVER_ERROR: the server's answer to publish"));
            assertEquals("down cancelled", channel.nextEvent());
        }
        assertEquals(1, server.connections.size());
    }

    @Test
    void a_cancelled_writer_is_silent_and_the_server_hears_of_it() {
        BatchWriter writer = engine.write("t", journal.writer());
        Channel channel = opened(10, 1 << 20);
        writer.cancel();
        assertEquals("down cancelled", channel.nextEvent());
        writer.write(0, 0, Batches.of(1, 0));
        writer.complete();
        writer.cancel();
        assertTrue(journal.lines.isEmpty());
    }

    @Test
    void a_writer_cancelled_at_any_moment_leaks_nothing() {
        for (int i = 0; i < 200; i++) {
            Journal own = new Journal();
            BatchWriter writer = engine.write("t", own.writer());
            Channel channel = server.nextChannel();
            channel.send(new Message.WriteCredit(100, 1 << 20));
            Await.next(own.lines, "credit");
            Thread canceller = new Thread(writer::cancel);
            canceller.start();
            for (int n = 0; n < 20; n++) {
                writer.write(0, n, Batches.of(1, 0));
            }
            assertEquals("down cancelled", channel.nextEvent());
        }
    }
}
