package io.levada.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.Match;
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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

class SessionTest {
    private FakeServer server = new FakeServer(Transport.TCP);
    private RemoteEngine engine = server.engine();
    private final Journal journal = new Journal();

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    private GroupSession join() {
        return engine.join(new JoinSpec("g", List.of("t"), null, Position.committed()), journal.member());
    }

    private Channel joined() {
        Channel channel = server.nextChannel();
        assertEquals("group", channel.route);
        channel.nextText();
        channel.sendText("{\"type\":\"joined\",\"member\":\"m-1\",\"generation\":3}");
        assertEquals("joined m-1 3", journal.next());
        return channel;
    }

    /** What a Mono ended with, in a word. */
    private static BlockingQueue<String> outcome(Mono<Void> mono) {
        BlockingQueue<String> outcome = new LinkedBlockingQueue<>();
        mono.subscribe(any -> {}, error -> outcome.add(LevadaException.of(error).line()), () -> outcome.add("done"));
        return outcome;
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void a_membership_from_joining_to_leaving(Transport transport) {
        close();
        server = new FakeServer(transport);
        engine = server.engine();
        JoinSpec spec = new JoinSpec("g", List.of("t", "u"), "one", Position.earliest())
                .withInstanceId("i")
                .withMaxStall(Duration.ofSeconds(5))
                .withFilter(Filter.byKey(Match.is("k")));
        GroupSession session = engine.join(spec, journal.member());
        Channel channel = server.nextChannel();
        assertEquals(
                "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\",\"u\"],\"memberName\":\"one\",\"instanceId\":\"i\","
                        + "\"maxStallMs\":5000,\"filter\":{\"key\":\"k\"},\"from\":\"earliest\"}",
                channel.nextText());
        channel.sendText("{\"type\":\"joined\",\"member\":\"m-1\",\"generation\":3}");
        channel.sendText("{\"type\":\"idle\",\"reason\":\"2 members, 1 partition\"}");
        channel.sendText("{\"type\":\"assigned\",\"handle\":7,\"topic\":\"t\",\"partition\":2,\"generation\":4,"
                + "\"start\":100}");
        channel.sendText("{\"type\":\"something new\"}");
        channel.sendText("{\"type\":\"revoking\",\"handle\":7,\"withinMs\":5000}");
        channel.sendText("{\"type\":\"lost\",\"handle\":8}");
        assertEquals("joined m-1 3", journal.next());
        assertEquals("idle 2 members, 1 partition", journal.next());
        assertEquals("assigned 7 t-2 4 100", journal.next());
        assertEquals("revoking 7 5000", journal.next());
        assertEquals("lost 8", journal.next());
        channel.sendText("{\"type\":\"seeked\",\"handle\":9,\"offset\":5}");
        assertEquals("seeked 9 to 5", journal.next());

        BlockingQueue<String> commit = outcome(session.commit(Map.of(7, CommitPoint.at(110))));
        assertEquals("{\"type\":\"commit\",\"id\":0,\"offsets\":[{\"handle\":7,\"offset\":110}]}", channel.nextText());
        assertTrue(commit.isEmpty());
        channel.sendText("{\"type\":\"committed\",\"id\":0}");
        assertEquals("done", Await.next(commit, "commit"));

        session.revoked(7);
        assertEquals("{\"type\":\"revoked\",\"handle\":7}", channel.nextText());
        session.leave();
        assertEquals("{\"type\":\"leave\"}", channel.nextText());
        channel.complete();
        assertEquals("left", journal.next());
        assertTrue(journal.onSdkThreads);
    }

    @Test
    void a_commit_that_is_refused_fails_alone() {
        GroupSession session = join();
        Channel channel = joined();
        BlockingQueue<String> first = outcome(session.commit(Map.of(1, CommitPoint.at(1))));
        BlockingQueue<String> second = outcome(session.commit(Map.of(2, CommitPoint.at(2))));
        assertTrue(channel.nextText().contains("\"id\":0"));
        assertTrue(channel.nextText().contains("\"id\":1"));
        channel.sendText("{\"type\":\"committed\",\"id\":1}");
        channel.sendText("{\"type\":\"committed\",\"id\":0,\"error\":{\"code\":\"STALE_MEMBER_EPOCH\","
                + "\"message\":\"not yours\",\"retriable\":false}}");
        assertEquals("done", Await.next(second, "commit"));
        assertEquals("STALE_MEMBER_EPOCH: not yours", Await.next(first, "commit"));
    }

    @Test
    void readers_open_once_the_member_has_its_name() {
        GroupSession session = join();
        Journal records = new Journal();
        AssignedReader reader = session.read(records.batches());
        reader.add(7, 100);
        reader.credit(10, 1000);
        Channel membership = joined();
        Channel channel = server.nextChannel();
        assertEquals("group.partition.batched", channel.route);
        assertEquals(new Message.Open("{\"member\":\"m-1\"}"), channel.next());
        assertEquals(new Message.Add(7, 100), channel.next());
        assertEquals(new Message.Credit(10, 1000), channel.next());
        channel.send(new Message.Records(7, 2, Batches.of(2, 100)));
        assertEquals("batch 7 2 at 100", records.next());
        reader.remove(7);
        assertEquals(new Message.Remove(7), channel.next());
        channel.send(new Message.End(7, null));
        assertEquals("end 7", records.next());

        session.read(new Journal().batches());
        assertEquals(
                new Message.Open("{\"member\":\"m-1\"}"), server.nextChannel().next());
        assertEquals(0, membership.waiting());
    }

    @Test
    void a_membership_that_fails_takes_its_commits_and_readers_along() {
        GroupSession session = join();
        Channel channel = joined();
        Journal records = new Journal();
        session.read(records.batches());
        server.nextChannel();
        BlockingQueue<String> commit = outcome(session.commit(Map.of(1, CommitPoint.at(1))));
        assertEquals("{\"type\":\"commit\",\"id\":0,\"offsets\":[{\"handle\":1,\"offset\":1}]}", channel.nextText());
        channel.fail("{\"error\":{\"code\":\"FENCED_MEMBER_EPOCH\",\"message\":\"too late\",\"retriable\":false}}");
        assertEquals("error FENCED_MEMBER_EPOCH: too late", journal.next());
        assertEquals("FENCED_MEMBER_EPOCH: too late", Await.next(commit, "commit"));
        assertEquals("error FENCED_MEMBER_EPOCH: too late", records.next());
        BlockingQueue<String> late = outcome(session.commit(Map.of(1, CommitPoint.at(1))));
        assertEquals("UNKNOWN_MEMBER_ID: this membership has ended; join again", Await.next(late, "commit"));
        session.read(records.batches());
        assertEquals("error UNKNOWN_MEMBER_ID: this membership has ended; join again", records.next());
    }

    @Test
    void an_aborted_member_is_taken_for_lost_and_hears_nothing_more() {
        GroupSession session = join();
        Channel channel = joined();
        Journal records = new Journal();
        session.read(records.batches());
        Channel reading = server.nextChannel();
        session.abort();
        assertEquals("{\"type\":\"abort\"}", channel.nextText());
        assertEquals("down cancelled", channel.nextEvent());
        assertEquals("down cancelled", reading.nextEvent());
        assertTrue(journal.lines.isEmpty());
        assertTrue(records.lines.isEmpty());
    }

    @Test
    void a_server_that_ends_the_membership_unasked_is_an_error() {
        join();
        joined().complete();
        assertEquals("error GOING_AWAY: the server ended the membership", journal.next());
    }

    @Test
    void events_that_make_no_sense_fail_the_membership() {
        for (String nonsense : List.of("", "[]", "{}", "{\"type\":\"joined\"}", "{\"type\":\"lost\",\"handle\":1.5}")) {
            join();
            server.nextChannel().sendText(nonsense);
            assertTrue(journal.next().startsWith("error UNKNOWN_SERVER_ERROR: the server's answer to group was not"));
        }
    }
}
