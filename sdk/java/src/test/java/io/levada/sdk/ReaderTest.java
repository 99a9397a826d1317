package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.Match;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.facade.BatchReader;
import io.levada.protocol.Message;
import io.levada.sdk.FakeServer.Channel;
import io.levada.sdk.FakeServer.Transport;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReaderTest {
    private FakeServer server = new FakeServer(Transport.TCP);
    private RemoteEngine engine = server.engine();
    private final Journal journal = new Journal();

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private Channel opened() {
        Channel channel = server.nextChannel();
        assertEquals("read.batched", channel.route);
        channel.next();
        return channel;
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void records_gaps_and_ends_come_down_as_they_are(Transport transport) {
        close();
        server = new FakeServer(transport);
        engine = server.engine();
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        reader.credit(5, 1000);
        assertEquals(new Message.Credit(5, 1000), channel.next());

        channel.send(new Message.Records(3, 2, Batches.of(2, 40)));
        assertEquals("batch 3 2 at 40", journal.next());
        channel.send(new Message.Gap(3, 42, 50));
        assertEquals("gap 3 42 50", journal.next());
        channel.send(new Message.Passed(3, 60));
        assertEquals("passed 3 60", journal.next());
        channel.send(new Message.End(3, null));
        assertEquals("end 3", journal.next());
        channel.send(new Message.End(4, new LevadaException(ErrorCode.CORRUPT_MESSAGE, "offsets 7 to 9")));
        assertEquals("end 4 CORRUPT_MESSAGE: offsets 7 to 9", journal.next());
        channel.complete();
        assertEquals("complete", journal.next());
        assertEquals("up completed", channel.nextEvent());
        assertTrue(journal.onSdkThreads);
    }

    @Test
    void positions_are_spelled_as_on_the_command_line() {
        engine.read(ReadSpec.of("t"), journal.batches());
        assertEquals(
                new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\",\"to\":\"never\"}"),
                server.nextChannel().next());
        ReadSpec spec = ReadSpec.of("t")
                .partition(2)
                .from(Position.offset(7))
                .to(End.now())
                .filter(Filter.byHeader("h", Match.is("x")));
        engine.read(spec, journal.batches());
        assertEquals(
                new Message.Open("{\"topic\":\"t\",\"partition\":2,\"from\":\"offset:7\",\"to\":\"now\","
                        + "\"filter\":{\"headers\":{\"h\":\"x\"}}}"),
                server.nextChannel().next());
    }

    @Test
    void codecs_that_a_reader_does_not_accept_are_left_out_of_those_it_names() {
        engine.read(
                ReadSpec.of("t"),
                journal.accepting(Set.of(Compression.ZSTD, Compression.GZIP)).batches());
        assertEquals(
                new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\",\"to\":\"never\","
                        + "\"accept\":[\"none\",\"gzip\",\"zstd\"]}"),
                server.nextChannel().next());
    }

    @Test
    void grants_between_two_sends_become_one() {
        server.withDemand(1);
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        for (int i = 0; i < 100; i++) {
            reader.credit(1, 10);
        }
        channel.request(1);
        assertEquals(new Message.Credit(100, 1000), channel.next());
        reader.credit(Long.MAX_VALUE, 1);
        reader.credit(Long.MAX_VALUE, 2);
        channel.request(1);
        assertEquals(new Message.Credit(Long.MAX_VALUE, 3), channel.next());
        channel.request(10);
        reader.credit(1, 0);
        assertEquals(new Message.Credit(1, 0), channel.next());
        assertEquals(0, channel.waiting());
    }

    @Test
    void more_than_was_permitted_fails_the_stream() {
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        reader.credit(1, 1000);
        channel.next();
        channel.send(new Message.Records(0, 2, Batches.of(2, 0)));
        assertTrue(journal.next().contains("more records than were permitted"));
        assertEquals("down cancelled", channel.nextEvent());
    }

    @Test
    void a_batch_damaged_on_its_way_is_noticed() {
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        reader.credit(10, 1000);
        ByteBuf batch = Batches.of(2, 0);
        batch.setByte(batch.writerIndex() - 1, 1);
        channel.send(new Message.Records(0, 2, batch));
        assertTrue(journal.next().startsWith("error CORRUPT_MESSAGE: CRC32C is "));
    }

    @Test
    void a_count_that_is_not_the_batchs_fails_the_stream() {
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        reader.credit(10, 1000);
        channel.send(new Message.Records(0, 1, Batches.of(2, 0)));
        assertTrue(journal.next().contains("1 records announced, 2 in the batch"));
    }

    @Test
    void a_stream_that_has_carried_all_it_can_ends_and_says_so() {
        close();
        server = new FakeServer(Transport.TCP);
        engine = new RemoteEngine(new Link(
                Address.parse(server.address()), LinkLimits.of(Await.LIMIT).withMessagesPerStream(2)));
        engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        channel.send(new Message.Gap(0, 0, 1));
        channel.send(new Message.Gap(0, 1, 2));
        assertEquals("gap 0 0 1", journal.next());
        assertEquals("gap 0 1 2", journal.next());
        assertEquals("error GOING_AWAY: this stream has carried all it can; open it anew", journal.next());
    }

    @Test
    void a_cancelled_reader_hears_nothing_more() {
        BatchReader reader = engine.read(ReadSpec.of("t"), journal.batches());
        Channel channel = opened();
        reader.credit(10, 1000);
        channel.next();
        reader.cancel();
        assertEquals("down cancelled", channel.nextEvent());
        reader.credit(10, 1000);
        reader.cancel();
        assertTrue(journal.lines.isEmpty());
    }

    @Test
    void a_reader_cancelled_while_the_connection_is_being_made_hears_nothing() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Address address = Address.parse("ws://127.0.0.1:" + silent.getLocalPort());
            try (RemoteEngine connecting = new RemoteEngine(new Link(address, LinkLimits.of(Await.LIMIT)))) {
                BatchReader reader = connecting.read(ReadSpec.of("t"), journal.batches());
                reader.credit(1, 1);
                reader.cancel();
            }
            assertTrue(journal.lines.isEmpty());
        }
    }

    @Test
    void a_reader_cancelled_at_any_moment_leaks_nothing() throws InterruptedException {
        for (int i = 0; i < 200; i++) {
            BatchReader reader = engine.read(ReadSpec.of("t"), new Journal().batches());
            reader.credit(Long.MAX_VALUE, Long.MAX_VALUE);
            Channel channel = server.nextChannel();
            Thread canceller = new Thread(reader::cancel);
            channel.send(new Message.Records(0, 2, Batches.of(2, 0)));
            canceller.start();
            for (int n = 1; n < 20; n++) {
                channel.down.tryEmitNext(
                        io.rsocket.util.DefaultPayload.create(new byte[] {0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
            }
            canceller.join();
        }
    }
}
