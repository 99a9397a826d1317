package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.facade.JoinSpec;
import io.levada.protocol.Message;
import io.levada.sdk.FakeServer.Channel;
import io.levada.sdk.FakeServer.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Memberships that outlive their connection. */
class ResumingSessionTest {
    /** How the members here join, but for the end. */
    private static final String JOIN = "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"],\"from\":\"committed\"";

    private static final String ASSIGNED =
            "{\"type\":\"assigned\",\"handle\":7,\"topic\":\"t\",\"partition\":2,\"generation\":4,\"start\":100}";

    private final FakeServer server = new FakeServer(Transport.TCP);
    private final RemoteEngine engine = new RemoteEngine(new Link(
            Address.parse(server.address()),
            LinkLimits.of(Duration.ofSeconds(10)).withReconnectTimeout(Duration.ofSeconds(60))));
    private final Journal journal = new Journal();

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private GroupSession join() {
        return engine.join(new JoinSpec("g", List.of("t"), null, Position.committed()), journal.member());
    }

    @Test
    void a_server_that_ends_the_membership_unasked_is_joined_again() {
        join();
        Channel channel = server.nextChannel();
        assertEquals(JOIN + "}", channel.nextText());
        channel.complete();
        assertEquals(JOIN + "}", server.nextChannel().nextText());
    }

    /** Joins with a secret, owns 7, has read two records of it, and loses the connection. */
    private final class Lost {
        final GroupSession session = join();
        final Journal records = new Journal();
        final AssignedReader reader = session.read(records.batches());

        Lost() {
            reader.add(7, 100);
            reader.credit(10, 1_000);
            Channel channel = server.nextChannel();
            channel.nextText();
            channel.sendText("{\"type\":\"joined\",\"member\":\"m-1\",\"secret\":\"42\",\"generation\":3}");
            channel.sendText(ASSIGNED);
            assertEquals("joined m-1 3", journal.next());
            assertEquals("assigned 7 t-2 4 100", journal.next());
            Channel reading = server.nextChannel();
            assertEquals(new Message.Open("{\"member\":\"m-1\"}"), reading.next());
            assertEquals(new Message.Add(7, 100), reading.next());
            assertEquals(new Message.Credit(10, 1_000), reading.next());
            reading.send(new Message.Records(7, 2, Batches.of(2, 100)));
            assertEquals("batch 7 2 at 100", records.next());
            server.dropConnections();
        }

        Channel back(String handles) {
            Channel channel = server.nextChannel();
            assertEquals(JOIN + ",\"member\":\"m-1\",\"secret\":\"42\"}", channel.nextText());
            channel.sendText("{\"type\":\"rejoined\",\"generation\":3,\"handles\":" + handles + "}");
            return channel;
        }
    }

    @Test
    void what_a_reader_accepts_is_said_on_every_connection() {
        GroupSession session = join();
        session.read(new Journal().accepting(Set.of()).batches());
        Channel channel = server.nextChannel();
        channel.nextText();
        channel.sendText("{\"type\":\"joined\",\"member\":\"m-1\",\"secret\":\"42\",\"generation\":3}");
        Message open = new Message.Open("{\"member\":\"m-1\",\"accept\":[\"none\"]}");
        assertEquals(open, server.nextChannel().next());
        server.dropConnections();
        channel = server.nextChannel();
        channel.nextText();
        channel.sendText("{\"type\":\"rejoined\",\"generation\":3,\"handles\":[]}");
        assertEquals(open, server.nextChannel().next());
    }

    @Test
    void a_member_comes_back_as_itself_and_reads_on_where_it_was() {
        Lost lost = new Lost();
        Channel channel = lost.back("[7]");
        channel.sendText(ASSIGNED);
        Channel reading = server.nextChannel();
        assertEquals("group.partition.batched", reading.route);
        assertEquals(new Message.Open("{\"member\":\"m-1\"}"), reading.next());
        assertEquals(new Message.Add(7, 102), reading.next());
        Message.Credit left = assertInstanceOf(Message.Credit.class, reading.next());
        assertEquals(8, left.records());
        reading.send(new Message.Records(7, 2, Batches.of(2, 102)));
        assertEquals("batch 7 2 at 102", lost.records.next());
        assertTrue(journal.lines.isEmpty(), () -> "nobody noticed: " + journal.lines);
        lost.session.commit(Map.of(7, CommitPoint.at(104))).subscribe(nothing -> {}, error -> {});
        assertEquals("{\"type\":\"commit\",\"id\":0,\"offsets\":[{\"handle\":7,\"offset\":104}]}", channel.nextText());
    }

    @Test
    void what_went_to_another_meanwhile_is_lost() {
        Lost lost = new Lost();
        lost.back("[]");
        assertEquals("lost 7", journal.next());
        assertTrue(lost.records.next().startsWith("end 7 FENCED_MEMBER_EPOCH: "));
    }

    @Test
    void who_comes_back_too_late_joins_anew() {
        Lost lost = new Lost();
        Channel channel = server.nextChannel();
        channel.nextText();
        channel.fail("{\"error\":{\"code\":\"UNKNOWN_MEMBER_ID\",\"message\":\"join again\",\"retriable\":false}}");
        assertEquals("lost 7", journal.next());
        assertTrue(lost.records.next().startsWith("end 7 FENCED_MEMBER_EPOCH: "));
        Channel anew = server.nextChannel();
        assertEquals(JOIN + "}", anew.nextText());
        anew.sendText("{\"type\":\"joined\",\"member\":\"m-2\",\"secret\":\"43\",\"generation\":5}");
        assertEquals("joined m-2 5", journal.next());
        Channel reading = server.nextChannel();
        assertEquals(new Message.Open("{\"member\":\"m-2\"}"), reading.next());
        assertEquals(8, assertInstanceOf(Message.Credit.class, reading.next()).records());
    }

    @Test
    void what_was_given_back_without_a_connection_is_given_back_with_the_next() {
        Lost lost = new Lost();
        lost.reader.remove(7);
        lost.session.revoked(7);
        Channel channel = lost.back("[7]");
        channel.sendText(ASSIGNED);
        channel.sendText("{\"type\":\"revoking\",\"handle\":7,\"withinMs\":5000}");
        assertEquals("{\"type\":\"revoked\",\"handle\":7}", channel.nextText());
        assertEquals("end 7", lost.records.next());
        channel.sendText("{\"type\":\"idle\",\"reason\":\"none left\"}");
        assertEquals("idle none left", journal.next());
    }

    @Test
    void a_commit_without_a_connection_is_to_be_tried_again() {
        Lost lost = new Lost();
        BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
        lost.session.commit(Map.of(7, CommitPoint.at(102))).subscribe(nothing -> {}, errors::add);
        LevadaException error = LevadaException.of(Await.next(errors, "error"));
        assertEquals(ErrorCode.CONNECTION_LOST, error.code());
        assertTrue(error.retriable());
    }

    @Test
    void who_leaves_without_a_connection_leaves_with_the_next() {
        Lost lost = new Lost();
        lost.session.leave();
        Channel channel = lost.back("[7]");
        assertEquals("{\"type\":\"leave\"}", channel.nextText());
        channel.complete();
        assertEquals("left", journal.next());
    }

    @Test
    void who_leaves_and_is_forgotten_meanwhile_has_left() {
        Lost lost = new Lost();
        lost.session.leave();
        Channel channel = server.nextChannel();
        channel.nextText();
        channel.fail("{\"error\":{\"code\":\"UNKNOWN_MEMBER_ID\",\"message\":\"join again\",\"retriable\":false}}");
        assertEquals("left", journal.next());
    }
}
