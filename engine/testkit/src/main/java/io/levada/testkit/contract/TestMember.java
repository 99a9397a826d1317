package io.levada.testkit.contract;

import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.testkit.Probe;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A member of a group that keeps what it gets and hears, and acknowledges at once or leaves that to the test. */
final class TestMember implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final BlockingQueue<MemberEvent> events = new LinkedBlockingQueue<>();
    private final Probe<Delivery> deliveries;

    private TestMember(
            Levada log, String group, List<String> topics, MemberOptions options, long demand, boolean acks) {
        MemberOptions heard = options.withOnEvent(events::add);
        deliveries = Probe.of(log.group(group).receive(topics, heard), demand, delivery -> {
            if (acks) {
                delivery.ack();
            }
        });
    }

    /** Acknowledges as it goes. */
    static TestMember join(Levada log, String group, String... topics) {
        return new TestMember(log, group, List.of(topics), MemberOptions.defaults(), Long.MAX_VALUE, true);
    }

    /** Acknowledges as it goes; the options' listener is not used. */
    static TestMember as(MemberOptions options, Levada log, String group, String topic) {
        return new TestMember(log, group, List.of(topic), options, Long.MAX_VALUE, true);
    }

    /** As {@link #as}, for an instance whose former member is leaving, and which is refused until that has left. */
    static TestMember onceReleased(MemberOptions instance, Levada log, String group, String topic) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < deadline) {
            TestMember member = as(instance, log, group, topic);
            if (member.joins()) {
                return member;
            }
        }
        throw new AssertionError("the instance is not released");
    }

    private boolean joins() {
        try {
            while (deliveries.isOpen()) {
                if (events.poll(20, TimeUnit.MILLISECONDS) instanceof MemberEvent.Joined) {
                    return true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        deliveries.awaitError(ErrorCode.UNRELEASED_INSTANCE_ID);
        return false;
    }

    static TestMember from(Position from, Levada log, String group, String topic) {
        return new TestMember(
                log, group, List.of(topic), MemberOptions.defaults().withFrom(from), Long.MAX_VALUE, true);
    }

    /** Asks for so many and acknowledges nothing. */
    static TestMember manual(Levada log, String group, String topic, long demand) {
        return new TestMember(log, group, List.of(topic), MemberOptions.defaults(), demand, false);
    }

    Probe<Delivery> deliveries() {
        return deliveries;
    }

    List<String> values() {
        return deliveries.received().stream()
                .map(delivery -> String.valueOf(delivery.record().valueUtf8()))
                .toList();
    }

    /** Waits for an event of a kind; those before it are dropped. */
    <E extends MemberEvent> E await(Class<E> kind) {
        try {
            MemberEvent event;
            while ((event = events.poll(PATIENCE_NANOS, TimeUnit.NANOSECONDS)) != null) {
                if (kind.isInstance(event)) {
                    return kind.cast(event);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new AssertionError("no " + kind.getSimpleName() + " came");
    }

    /** Leaves after committing what was acknowledged. */
    @Override
    public void close() {
        deliveries.cancel();
    }
}
