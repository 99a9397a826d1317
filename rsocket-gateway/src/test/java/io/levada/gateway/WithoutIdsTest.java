package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Ack;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.facade.ProducerId;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.Unpooled;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

/** What is published through a gateway over an engine that gives no ids, when connections are lost. */
class WithoutIdsTest {
    private final FakeEngine engine = new FakeEngine();
    private final Sinks.Many<Record> records = Sinks.many().unicast().onBackpressureBuffer();
    private final BlockingQueue<Ack> acks = new LinkedBlockingQueue<>();
    private final BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> completes = new LinkedBlockingQueue<>();
    private GatewayServer server = Servers.start(engine);
    private final GatedProxy proxy = new GatedProxy(server.tcpAddress().getPort());
    private final Levada client = Levada.open(proxy.address());

    @BeforeEach
    void publish() {
        engine.unnamed = ProducerId.NONE;
        client.publish("t", records.asFlux()).subscribe(acks::add, errors::add, () -> completes.add(true));
    }

    @AfterEach
    void close() {
        client.close();
        proxy.close();
        server.close();
    }

    private FakeEngine.FakeWriter writer() {
        FakeEngine.FakeWriter writer = Await.next("a writer", engine.writers);
        writer.sink.onOpen(1, 1 << 20);
        writer.sink.onCredit(10, 1 << 20);
        return writer;
    }

    private FakeEngine.Written written(FakeEngine.FakeWriter writer, String value) {
        records.tryEmitNext(Record.ofValue(value)).orThrow();
        return Await.next("a batch", writer.written);
    }

    private static long producer(FakeEngine.Written written) {
        return RecordBatch.producerId(Unpooled.wrappedBuffer(written.batch()));
    }

    private void acknowledge(FakeEngine.FakeWriter writer, FakeEngine.Written written, long offset) {
        writer.sink.onAck(written.sequence(), offset);
        assertEquals(offset, Await.next("an ack", acks).offset());
    }

    private void cut() {
        proxy.shut(GatedProxy.Outage.CUT);
        proxy.open();
    }

    @Test
    void what_was_in_flight_when_the_connection_broke_is_not_sent_again() {
        FakeEngine.FakeWriter writer = writer();
        assertEquals(RecordBatch.NO_PRODUCER_ID, producer(written(writer, "a")));
        cut();

        LevadaException error = assertInstanceOf(LevadaException.class, Await.next("an error", errors));
        assertEquals(ErrorCode.OUTCOME_UNKNOWN, error.code());
        assertTrue(error.line().contains("of 1 batches, 1 records, "), error.line());
        Await.until("let go of", writer.cancelled::get);
        client.topics().list().collectList().block(Await.LIMIT);
        assertNull(engine.writers.peek());
        assertNull(writer.written.peek());
    }

    @Test
    void what_was_in_flight_of_a_publisher_with_an_id_is() {
        engine.unnamed = new ProducerId(5, (short) 0);
        FakeEngine.FakeWriter writer = writer();
        FakeEngine.Written first = written(writer, "a");
        cut();

        FakeEngine.FakeWriter next = writer();
        FakeEngine.Written again = Await.next("the batch again", next.written);
        assertEquals(5, producer(again));
        assertArrayEquals(first.batch(), again.batch());
        acknowledge(next, again, 3);
    }

    @Test
    void a_publisher_with_nothing_in_flight_goes_on_over_the_next_connection() {
        FakeEngine.FakeWriter writer = writer();
        acknowledge(writer, written(writer, "a"), 3);
        cut();

        FakeEngine.FakeWriter next = writer();
        acknowledge(next, written(next, "b"), 9);
        records.tryEmitComplete().orThrow();
        Await.until("complete", next.completed::get);
        next.sink.onComplete();
        Await.next("the end", completes);
        assertNull(next.written.peek());
    }

    @Test
    void a_publisher_outlives_a_server_that_stops_and_acknowledges_what_it_has() throws Exception {
        FakeEngine.FakeWriter writer = writer();
        FakeEngine.Written first = written(writer, "a");
        int port = server.tcpAddress().getPort();
        Thread stopping = new Thread(server::close);
        stopping.start();
        Await.until("the server stops", writer.completed::get);
        acknowledge(writer, first, 3);
        writer.sink.onComplete();
        stopping.join(Await.LIMIT.toMillis());
        server = GatewayServer.start(engine, Servers.config().withPorts(port, 0));

        FakeEngine.FakeWriter next = writer();
        acknowledge(next, written(next, "b"), 9);
        assertNull(errors.peek());
    }
}
