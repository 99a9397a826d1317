package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.protocol.Message;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundPool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What all connections hold together is bounded, and those who do not read give way to those who do. */
class OutboundPoolTest {
    private static final long POOL = 2L << 20;
    private static final long EACH = 256 << 10;
    private static final int MAX_RECORD = 1_000;
    private static final int FLOOR = 16 << 10;
    private static final int HOSTILE = 16;
    private static final Message OPEN = new Message.Open("{\"topic\":\"t\",\"from\":\"earliest\"}");

    @Test
    void half_of_it_is_there_for_whoever_comes_and_then_bounds_shrink_to_a_floor() {
        OutboundPool pool = new OutboundPool(POOL);
        assertEquals(EACH, pool.bound(EACH));
        pool.addHeld(POOL / 2);
        assertEquals(EACH, pool.bound(EACH));
        pool.addHeld(POOL / 4);
        assertEquals(EACH / 2, pool.bound(EACH));
        pool.addHeld(POOL / 4);
        assertEquals(FLOOR, pool.bound(EACH));
        pool.addHeld(POOL);
        assertEquals(FLOOR, pool.bound(EACH));
        assertEquals(1_000, pool.bound(1_000));
    }

    @Test
    void the_floor_sinks_where_there_are_many() {
        OutboundPool pool = new OutboundPool(POOL);
        pool.addHeld(POOL);
        for (int i = 0; i < 64; i++) {
            pool.connected();
        }
        assertEquals(8 << 10, pool.bound(EACH));
        for (int i = 0; i < 10_000; i++) {
            pool.connected();
        }
        assertEquals(1 << 10, pool.bound(EACH));
        for (int i = 0; i < 10_000; i++) {
            pool.disconnected();
        }
        assertEquals(8 << 10, pool.bound(EACH));
    }

    @Test
    void however_much_is_granted_a_connection_may_hold_as_much_as_ever() {
        OutboundPool pool = new OutboundPool(POOL);
        assertEquals(POOL / 64, pool.grant());
        pool.addGranted(POOL / 8);
        assertEquals(POOL / 128, pool.grant());
        pool.addGranted(10 * POOL);
        assertEquals(0, pool.grant());
        assertEquals(EACH, pool.bound(EACH));
        assertEquals(POOL / 4, pool.usedBytes());
    }

    @Test
    void a_connection_knows_whether_others_leave_it_no_room() {
        OutboundPool pool = new OutboundPool(POOL);
        OutboundBudget budget = new OutboundBudget(pool, EACH, MAX_RECORD, () -> 0);
        budget.queued((int) EACH / 2);
        assertFalse(budget.crowded(), "nobody else is there");
        pool.addHeld(POOL);
        assertTrue(budget.crowded());
        budget.queued((int) EACH / 2);
        assertFalse(budget.crowded(), "it holds all it may by itself");
    }

    /** A connection of one stream, whose peer reads or does not. */
    private static final class Peer {
        private final OutboundBudget budget;
        private final OutboundBudget.Share share;
        private final Queue<Integer> frames = new ArrayDeque<>();
        private final boolean reads;
        private long outstanding;
        private long delivered;

        Peer(OutboundPool pool, boolean reads) {
            this.reads = reads;
            budget = new OutboundBudget(pool, EACH, MAX_RECORD, () -> 0);
            share = budget.share(bytes -> outstanding += bytes);
        }

        void step(Random random) {
            if (outstanding > 0 && budget.open() && random.nextBoolean()) {
                int bytes = 1 + random.nextInt(MAX_RECORD);
                outstanding -= bytes;
                delivered += bytes;
                frames.add(bytes);
                budget.queued(bytes);
                share.used(bytes);
            } else if (reads && !frames.isEmpty()) {
                budget.written(frames.remove());
            }
        }

        void close() {
            share.close();
            while (!frames.isEmpty()) {
                budget.written(frames.remove());
            }
        }
    }

    @Test
    void it_is_never_exceeded_by_more_than_a_probe_each_and_who_reads_goes_on() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        OutboundPool pool = new OutboundPool(POOL);
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            peers.add(new Peer(pool, i % 4 == 0));
            peers.get(i).share.want(Long.MAX_VALUE);
        }
        long most = 0;
        for (int step = 0; step < 2_000_000; step++) {
            peers.get(random.nextInt(peers.size())).step(random);
            if (step % 1_000 == 0) {
                most = Math.max(
                        most,
                        peers.stream()
                                .mapToLong(peer -> peer.budget.heldBytes() + peer.budget.grantedBytes())
                                .sum());
            }
        }
        long bound = POOL + peers.size() * (long) (FLOOR + MAX_RECORD);
        assertTrue(most <= bound, "seed " + seed + ": " + most);
        for (Peer peer : peers) {
            assertTrue(!peer.reads || peer.delivered > 1_000_000, "seed " + seed + ": one got " + peer.delivered);
        }
        peers.forEach(Peer::close);
        assertEquals(0, pool.usedBytes(), "seed " + seed);
    }

    private static List<RawSocket> neverReading(GatewayServer server) {
        List<RawSocket> hostile = new ArrayList<>();
        for (int i = 0; i < HOSTILE; i++) {
            hostile.add(new RawSocket(server)
                    .setUp()
                    .requestChannel(1, "read.batched", OPEN, Integer.MAX_VALUE)
                    .message(1, new Message.Credit(Long.MAX_VALUE, Long.MAX_VALUE)));
        }
        return hostile;
    }

    @Test
    void connections_that_do_not_read_are_closed_when_it_is_nearly_full_and_one_that_reads_is_served() {
        GatewayLimits limits =
                GatewayLimits.defaults().withOutboundBudgetBytes(EACH).withOutboundPoolBytes(POOL);
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 50, 200), 50);
                GatewayServer server = Servers.start(engine, limits)) {
            List<RawSocket> hostile = neverReading(server);
            Await.until("it fills", () -> server.pool().usedBytes() > POOL / 2);
            try (RawClient reading = RawClient.tcp(server)) {
                RawClient.Channel channel = reading.channel("read.batched", OPEN, Long.MAX_VALUE);
                channel.send(new Message.Credit(20_000, 100 << 20));
                for (int records = 0; records < 20_000; ) {
                    records += ((Message.Records) channel.down.message()).records();
                }
                channel.down.cancel();
            }
            // In this order: what they hold is less as long as it grows, and the one that has read may still be
            // counted.
            Await.until("some are closed", () -> server.connections().size() < HOSTILE);
            Await.until("room is made", () -> server.pool().usedBytes() <= POOL / 4 * 3);
            hostile.forEach(RawSocket::close);
            Await.until("all is given back", () -> server.pool().usedBytes() == 0);
        }
    }

    @Test
    void a_session_is_told_while_others_leave_it_less() {
        GatewayLimits limits =
                GatewayLimits.defaults().withOutboundBudgetBytes(EACH).withOutboundPoolBytes(POOL);
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 50, 200), 50);
                GatewayServer server = Servers.start(engine, limits);
                RawClient client = RawClient.tcp(server)) {
            RawClient.Stream session = client.stream("session", "{}", Long.MAX_VALUE);
            assertTrue(session.text().contains("\"throttled\":false"));
            List<RawSocket> hostile = neverReading(server);
            assertTrue(session.text().contains("\"throttled\":true"));
            hostile.forEach(RawSocket::close);
            assertTrue(session.text().contains("\"throttled\":false"));
        }
    }

    /** The control: with a larger pool the same peers hold more. */
    @Test
    void with_a_larger_one_they_would_hold_more() {
        GatewayLimits limits =
                GatewayLimits.defaults().withOutboundBudgetBytes(EACH).withOutboundPoolBytes(1L << 30);
        try (PumpEngine engine = new PumpEngine(Batches.ofSize(0, 50, 200), 50);
                GatewayServer server = Servers.start(engine, limits)) {
            List<RawSocket> hostile = neverReading(server);
            Await.until("more is held", () -> server.pool().usedBytes() > POOL + POOL / 2);
            hostile.forEach(RawSocket::close);
        }
    }
}
