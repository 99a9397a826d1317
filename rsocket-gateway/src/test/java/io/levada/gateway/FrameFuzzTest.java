package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.access.AccessControl;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.ErrorJson;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.testgate.FuzzGate;
import io.levada.wire.OutboundPool;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.rsocket.frame.ErrorFrameCodec;
import io.rsocket.frame.FrameHeaderCodec;
import io.rsocket.frame.FrameType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import reactor.core.publisher.Flux;
import reactor.test.scheduler.VirtualTimeScheduler;

/**
 * Whatever a peer sends, in whatever order: the server answers with frames that RSocket has, with errors that have a code, ends
 * no stream twice, and when the peer is gone nothing is left of it, in memory, in the engine or to be done later.
 *
 * <p>An input is a byte that says how, then pieces that {@link #SEPARATOR} parts: each a frame or, if {@link #RAW} is said,
 * bytes of the stream. A piece that begins with {@link #EVENT}, which begins no frame, has the engine say something.
 */
class FrameFuzzTest {
    private static final int WEBSOCKET = 0x01;
    private static final int RAW = 0x02;
    /** No UTF-8 has these two. */
    private static final byte[] SEPARATOR = {(byte) 0xC1, (byte) 0xC0};

    private static final int EVENT = 0xE0;

    private static final Duration BEHIND_ALL_LIMITS = Duration.ofMinutes(10);

    private static final GatewayLimits LIMITS =
            GatewayLimits.defaults().withStreamsPerConnection(8).withOutboundPoolBytes(64 << 20);
    private static final Set<Integer> CONNECTION_ERRORS = Set.of(0x001, 0x002, 0x003, 0x101, 0x102);
    private static final int APPLICATION_ERROR = 0x201;
    private static final int CANCELED = 0x203;
    /** As it stands in a frame. */
    private static final int FIRE_AND_FORGET = 0x05 << 2;

    private final FuzzGate gate = new FuzzGate();
    private final Traffic traffic = new Traffic(new SimpleMeterRegistry());
    private final Set<Integer> ended = new HashSet<>();
    /** Of the engine, what has said that it is open, and that it ended. */
    private final Set<Object> opened = new HashSet<>();

    private final Set<Object> over = new HashSet<>();

    /** Keepalives and time limits are the server's, and not of this. */
    @BeforeEach
    void stop_time() {
        VirtualTimeScheduler.set(VirtualTimeScheduler.create());
    }

    @AfterEach
    void let_time_go_on() {
        VirtualTimeScheduler.reset();
    }

    @FuzzTest
    void what_a_peer_sends_is_answered_and_leaves_nothing_behind(byte[] input) {
        if (input.length == 0) {
            return;
        }
        FakeEngine engine = new FakeEngine();
        OutboundPool pool = new OutboundPool(LIMITS.outboundPoolBytes());
        Doors doors = new Doors(AccessControl.open(), engine);
        Reception reception = new Reception(
                doors,
                LIMITS,
                pool,
                new ServerStats(engine, Set.of(), owners -> Flux.empty(), List::of, pool, traffic));
        Framing framing = (input[0] & WEBSOCKET) != 0 ? Framing.WEBSOCKET : Framing.TCP;
        InProcessConnection connection = new InProcessConnection(reception, framing, gate.allocator());
        ended.clear();
        opened.clear();
        over.clear();
        int forgotten = 0;
        int from = 1;
        while (from <= input.length && connection.isOpen()) {
            int to = separator(input, from);
            if (from < to && (input[from] & 0xFF) >= EVENT) {
                event(engine, input[from] & 0x1F, to - from);
                connection.turn();
            } else if ((input[0] & RAW) != 0) {
                connection.receive(input, from, to);
            } else {
                forgotten +=
                        to - from >= FrameCheck.HEADER_BYTES && (input[from + 4] & 0xFC) == FIRE_AND_FORGET ? 1 : 0;
                connection.receiveFrame(input, from, to);
            }
            connection.sent().forEach(this::sent);
            from = to + SEPARATOR.length;
        }
        connection.close();
        assertEquals(0, connection.session().connection().budget().heldBytes());
        assertFalse(connection.hasTimers(), "something is still to be done");
        VirtualTimeScheduler.get()
                .advanceTimeBy(BEHIND_ALL_LIMITS); // virtual time lets go of what was called off when its time has come
        assertGone(engine, (input[0] & RAW) == 0 ? forgotten : Integer.MAX_VALUE);
        gate.settled();
    }

    private static int separator(byte[] input, int from) {
        for (int i = from; i + 1 < input.length; i++) {
            if (input[i] == SEPARATOR[0] && input[i + 1] == SEPARATOR[1]) {
                return i;
            }
        }
        return input.length;
    }

    /** Something that the engine may say at this point. */
    private void event(FakeEngine engine, int which, int number) {
        FakeEngine.FakeWriter writer = engine.writers.peek();
        FakeEngine.FakeReader reader = engine.readers.peek();
        FakeEngine.FakeSession member = engine.sessions.peek();
        if (which < 8 && writer != null && !over.contains(writer)) {
            toWriter(writer, which, number);
        } else if (which >= 8 && which < 16 && reader != null && !over.contains(reader)) {
            toReader(reader, which, number);
        } else if (which >= 16 && member != null && !over.contains(member) && !member.calls.contains("leave")) {
            toMember(member, which, number);
        }
    }

    private void toWriter(FakeEngine.FakeWriter writer, int which, int number) {
        if (opened.add(writer)) {
            writer.sink.onOpen(number, 1 << 10);
            return;
        }
        switch (which) {
            case 1 -> writer.sink.onCredit(number, 1L << 60);
            case 2 -> {
                FakeEngine.Written next = writer.written.poll();
                if (next != null) {
                    writer.sink.onAck(next.sequence(), number);
                }
            }
            case 3 -> ends(writer, () -> writer.sink.onError(failure()));
            case 4 -> {
                if (writer.completed.get()) {
                    ends(writer, writer.sink::onComplete);
                }
            }
            default -> {}
        }
    }

    private void toReader(FakeEngine.FakeReader reader, int which, int number) {
        switch (which) {
            case 8 -> {
                if (reader.records.get() > 0 && reader.bytes.get() > 0) {
                    reader.records.decrementAndGet();
                    reader.bytes.addAndGet(-100);
                    reader.sink.onBatch(0, 1, batch(number));
                }
            }
            case 9 -> reader.sink.onGap(0, number, number + 1L);
            case 10 -> reader.sink.onPartitionEnd(0, number % 2 == 0 ? null : failure());
            case 11 -> ends(reader, reader.sink::onComplete);
            case 12 -> ends(reader, () -> reader.sink.onError(failure()));
            default -> {}
        }
    }

    private void toMember(FakeEngine.FakeSession member, int which, int number) {
        switch (which) {
            case 16 -> member.sink.onJoined("m", 7, 1);
            case 17 -> member.sink.onAssigned(0, new TopicPartition("t", 0), 1, number);
            case 18 -> member.sink.onRevoking(0, 1_000);
            case 19 -> member.sink.onLost(0);
            case 20 -> ends(member, () -> member.sink.onError(failure()));
            default -> {}
        }
    }

    private static LevadaException failure() {
        return new LevadaException(ErrorCode.STORAGE_FAILED, "of a test");
    }

    private void ends(Object part, Runnable end) {
        over.add(part);
        end.run();
    }

    private ByteBuf batch(long baseOffset) {
        try (BatchBuilder builder = new BatchBuilder(gate.allocator(), Compression.NONE, Limits.DEFAULT)) {
            builder.append(1_000, null, new byte[] {'v'}, List.of());
            ByteBuf batch = builder.build();
            RecordBatch.stamp(batch, baseOffset, RecordBatch.NO_LEADER_EPOCH);
            return batch;
        }
    }

    private void sent(ByteBuf frame) {
        try {
            int streamId = FrameHeaderCodec.streamId(frame);
            FrameType type = FrameHeaderCodec.frameType(frame);
            if (streamId == 0) {
                assertTrue(type == FrameType.ERROR || type == FrameType.KEEPALIVE, () -> type + " on stream 0");
                if (type == FrameType.ERROR) {
                    int code = ErrorFrameCodec.errorCode(frame);
                    assertTrue(CONNECTION_ERRORS.contains(code), () -> "a connection ends with 0x%x".formatted(code));
                }
                return;
            }
            assertTrue(streamId > 0 && (streamId & 1) == 1, () -> type + " on stream " + streamId);
            boolean says = type == FrameType.PAYLOAD
                    || type == FrameType.NEXT
                    || type == FrameType.NEXT_COMPLETE
                    || type == FrameType.COMPLETE
                    || type == FrameType.ERROR;
            assertTrue(says || type == FrameType.REQUEST_N || type == FrameType.CANCEL, () -> type + " to a client");
            assertFalse(says && ended.contains(streamId), () -> type + " behind the end of stream " + streamId);
            if (type == FrameType.ERROR) {
                error(frame);
                ended.add(streamId);
            } else if (says && FrameHeaderCodec.hasComplete(frame)) {
                ended.add(streamId);
            }
        } finally {
            frame.release();
        }
    }

    private static void error(ByteBuf frame) {
        if (ErrorFrameCodec.errorCode(frame) == CANCELED) {
            return; // rsocket-java's answer to a peer that gave the stream up by an error
        }
        assertEquals(APPLICATION_ERROR, ErrorFrameCodec.errorCode(frame));
        String text = ErrorFrameCodec.data(frame).toString(StandardCharsets.UTF_8);
        assertTrue(ErrorJson.fromJson(text).code() != ErrorCode.UNKNOWN_SERVER_ERROR, text);
    }

    /** What was published and forgotten goes on without its peer, until the engine ends it. */
    private void assertGone(FakeEngine engine, int forgotten) {
        List<FakeEngine.FakeWriter> open = engine.writers.stream()
                .filter(writer -> !writer.cancelled.get() && !over.contains(writer))
                .toList();
        assertTrue(open.size() <= forgotten, () -> open.size() + " writers are left open");
        open.forEach(writer -> writer.sink.onError(failure()));
        engine.readers.forEach(reader -> assertTrue(reader.cancelled.get(), "a reader is left open"));
        engine.sessions.forEach(this::assertOut);
    }

    private void assertOut(FakeEngine.FakeSession member) {
        member.readers.forEach(reader -> assertTrue(reader.cancelled.get(), "a member's reader is left open"));
        boolean out = member.calls.contains("leave") || member.calls.contains("abort") || over.contains(member);
        assertTrue(out, () -> "a member that is gone has not left: " + member.calls);
    }
}
