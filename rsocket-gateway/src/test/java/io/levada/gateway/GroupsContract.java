package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.LevadaException;
import io.levada.Match;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.facade.JoinSpec;
import io.levada.protocol.Message;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The routes of memberships, to the letter of PROTOCOL.md; run for each transport. */
interface GroupsContract {
    RawClient client();

    FakeEngine engine();

    private RawClient.Channel join() {
        return client().jsonChannel(
                        "group",
                        "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\",\"u\"],\"memberName\":\"me\",\"from\":\"latest\"}",
                        Long.MAX_VALUE);
    }

    private FakeEngine.FakeSession joined(RawClient.Channel channel) {
        FakeEngine.FakeSession session = Await.next("a session", engine().sessions);
        session.sink.onJoined("m-1", 7, 4);
        assertEquals("{\"type\":\"joined\",\"member\":\"m-1\",\"secret\":\"7\",\"generation\":4}", channel.down.text());
        session.sink.onAssigned(7, new TopicPartition("t", 3), 4, 55);
        assertEquals(
                "{\"type\":\"assigned\",\"handle\":7,\"topic\":\"t\",\"partition\":3,\"generation\":4,\"start\":55}",
                channel.down.text());
        return session;
    }

    @Test
    default void a_member_joins_hears_commits_and_leaves() {
        RawClient.Channel channel = join();
        FakeEngine.FakeSession session = joined(channel);
        assertEquals(new JoinSpec("g", List.of("t", "u"), "me", Position.latest()), session.spec);

        channel.send("{\"type\":\"commit\",\"id\":1,\"offsets\":[{\"handle\":7,\"offset\":60}]}");
        assertEquals("commit {7=60}", Await.next("a commit", session.calls));
        assertEquals("{\"type\":\"committed\",\"id\":1}", channel.down.text());
        channel.send("{\"type\":\"commit\",\"id\":2,\"offsets\":[{\"handle\":7,\"offset\":999}]}");
        assertEquals("commit {7=999}", Await.next("a commit", session.calls));
        assertEquals(
                "{\"type\":\"committed\",\"id\":2,\"error\":{\"code\":\"FENCED_MEMBER_EPOCH\",\"message\":\"fenced\","
                        + "\"retriable\":false}}",
                channel.down.text());

        session.sink.onRevoking(7, 30_000);
        assertEquals("{\"type\":\"revoking\",\"handle\":7,\"withinMs\":30000}", channel.down.text());
        channel.send("{\"type\":\"revoked\",\"handle\":7}");
        assertEquals("revoked 7", Await.next("revoked", session.calls));
        session.sink.onLost(7);
        assertEquals("{\"type\":\"lost\",\"handle\":7}", channel.down.text());
        session.sink.onSeeked(8, 5);
        assertEquals("{\"type\":\"seeked\",\"handle\":8,\"offset\":5}", channel.down.text());
        session.sink.onIdle("more members than partitions");
        assertEquals("{\"type\":\"idle\",\"reason\":\"more members than partitions\"}", channel.down.text());

        channel.send("{\"type\":\"leave\"}");
        assertEquals("leave", Await.next("leave", session.calls));
        assertEquals(RawClient.Stream.COMPLETE, channel.down.end());
        assertNull(session.calls.peek());
    }

    @Test
    default void a_member_says_who_it_is_how_long_it_may_stall_and_what_it_wants() {
        client().jsonChannel(
                        "group",
                        "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"],\"instanceId\":\"i\",\"maxStallMs\":5000,\"filter\":{\"key\":\"k\"}}",
                        Long.MAX_VALUE);
        assertEquals(
                new JoinSpec("g", List.of("t"), null, Position.committed())
                        .withInstanceId("i")
                        .withMaxStall(Duration.ofSeconds(5))
                        .withFilter(Filter.byKey(Match.is("k"))),
                Await.next("a session", engine().sessions).spec);
    }

    @Test
    default void a_member_comes_back_with_its_secret_and_hears_what_it_has() {
        RawClient.Channel channel = client().jsonChannel(
                        "group",
                        "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"],\"member\":\"m-1\",\"secret\":\"9007199254740993\"}",
                        Long.MAX_VALUE);
        FakeEngine.FakeSession session = Await.next("a session", engine().sessions);
        assertEquals(new JoinSpec.Rejoin("m-1", (1L << 53) + 1), session.spec.rejoin());
        session.sink.onRejoined(4, new TreeSet<>(List.of(7, 9)));
        assertEquals("{\"type\":\"rejoined\",\"generation\":4,\"handles\":[7,9]}", channel.down.text());
        session.sink.onAssigned(7, new TopicPartition("t", 3), 4, 55);
        assertTrue(channel.down.text().contains("\"handle\":7"));
        RawClient.Channel reading =
                client().channel("group.partition.batched", new Message.Open("{\"member\":\"m-1\"}"), Long.MAX_VALUE);
        reading.send(new Message.Add(7, 60));
        assertEquals("add 7 60", Await.next("add", Await.next("a reader", session.readers).calls));
    }

    @Test
    default void nobody_comes_back_without_a_secret() {
        for (String half : List.of("\"member\":\"m-1\"", "\"secret\":\"7\"", "\"member\":\"m-1\",\"secret\":\"x\"")) {
            RawClient.Channel channel = client().jsonChannel(
                            "group",
                            "{\"type\":\"join\",\"group\":\"g\",\"topics\":[\"t\"]," + half + "}",
                            Long.MAX_VALUE);
            assertTrue(channel.down.end().contains("INVALID_REQUEST"));
        }
    }

    @Test
    default void a_member_that_completes_its_side_leaves() {
        RawClient.Channel channel = join();
        FakeEngine.FakeSession session = joined(channel);
        channel.complete();

        assertEquals("leave", Await.next("leave", session.calls));
        assertEquals(RawClient.Stream.COMPLETE, channel.down.end());
    }

    @Test
    default void a_member_that_cancels_leaves() {
        RawClient.Channel channel = join();
        FakeEngine.FakeSession session = joined(channel);
        channel.down.cancel();

        assertEquals("leave", Await.next("leave", session.calls));
    }

    @Test
    default void a_member_that_aborts_vanishes_and_the_cancel_that_follows_changes_nothing() {
        RawClient.Channel channel = join();
        FakeEngine.FakeSession session = joined(channel);
        channel.send("{\"type\":\"abort\"}");
        assertEquals("abort", Await.next("abort", session.calls));
        session.sink.onIdle("nobody hears this");
        channel.down.cancel();

        client().answer("topics.list", "{}");
        assertNull(session.calls.peek());
        assertNull(channel.down.payloads.peek());
    }

    @Test
    default void a_member_whose_connection_breaks_vanishes() {
        RawClient.Channel channel = join();
        FakeEngine.FakeSession session = joined(channel);
        client().close();

        assertEquals("abort", Await.next("abort", session.calls));
        assertNull(session.calls.peek());
    }

    @Test
    default void an_error_of_the_session_ends_the_membership() {
        RawClient.Channel channel = join();
        FakeEngine.FakeSession session = joined(channel);
        session.sink.onError(new LevadaException(ErrorCode.UNKNOWN_MEMBER_ID, "expired"));

        assertEquals(RoutesContract.error("UNKNOWN_MEMBER_ID", "expired", false), channel.down.end());
        assertNull(session.calls.peek());
    }

    @Test
    default void owned_partitions_are_read_in_batches() {
        RawClient.Channel member = join();
        FakeEngine.FakeSession session = joined(member);
        RawClient.Channel channel =
                client().channel("group.partition.batched", new Message.Open("{\"member\":\"m-1\"}"), Long.MAX_VALUE);
        FakeEngine.FakeReader reader = Await.next("a reader", session.readers);
        channel.send(new Message.Add(7, 55));
        channel.send(new Message.Credit(5, 500));
        assertEquals("add 7 55", Await.next("add", reader.calls));
        Await.until("credit", () -> reader.records.get() == 5 && reader.bytes.get() == 500);
        reader.sink.onBatch(7, 1, Batches.of(55, "a"));
        assertTrue(channel.down.message() instanceof Message.Records records && records.handle() == 7);

        channel.send(new Message.Remove(7));
        assertEquals("remove 7", Await.next("remove", reader.calls));
        reader.sink.onPartitionEnd(7, null);
        assertEquals(new Message.End(7, null), channel.down.message());
        channel.down.cancel();
        Await.until("cancelled", reader.cancelled::get);
        member.down.cancel();
    }

    @Test
    default void owned_partitions_are_read_in_the_codecs_that_are_accepted() {
        FakeEngine.FakeSession session = joined(join());
        client().channel(
                        "group.partition.batched",
                        new Message.Open("{\"member\":\"m-1\",\"accept\":[\"gzip\"]}"),
                        Long.MAX_VALUE);
        FakeEngine.FakeReader reader = Await.next("a reader", session.readers);
        assertTrue(reader.sink.accepts(Compression.GZIP));
        assertFalse(reader.sink.accepts(Compression.ZSTD));
        assertTrue(client().channel(
                        "group.partition.batched",
                        new Message.Open("{\"member\":\"m-1\",\"accept\":[\"br\"]}"),
                        Long.MAX_VALUE)
                .down
                .end()
                .contains("'br' is no codec; use none, gzip, snappy, lz4, zstd"));
    }

    @Test
    default void an_owned_partition_is_read_plainly() {
        RawClient.Channel member = join();
        FakeEngine.FakeSession session = joined(member);
        RawClient.Stream stream = client().stream("group.partition", "{\"member\":\"m-1\",\"handle\":7}", 1);
        FakeEngine.FakeReader reader = Await.next("a reader", session.readers);
        assertEquals("add 7 55", Await.next("add", reader.calls));
        Await.until("demand", () -> reader.records.get() == 1);
        reader.sink.onBatch(7, 1, Batches.of(55, "a"));
        assertTrue(stream.text().startsWith("{\"topic\":\"t\",\"partition\":3,\"offset\":55,"));

        reader.sink.onPartitionEnd(7, null);
        assertEquals(RawClient.Stream.COMPLETE, stream.end());
        member.down.cancel();
    }

    @Test
    default void partitions_of_others_are_refused() {
        assertTrue(client().stream("group.partition", "{\"member\":\"m-9\",\"handle\":7}", 1)
                .end()
                .contains("no member 'm-9' lives on this connection"));
        RawClient.Channel member = join();
        joined(member);
        assertTrue(client().stream("group.partition", "{\"member\":\"m-1\",\"handle\":8}", 1)
                .end()
                .contains("STALE_MEMBER_EPOCH"));
        member.down.cancel();
    }
}
