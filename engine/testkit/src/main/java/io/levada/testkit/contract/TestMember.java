package io.levada.testkit.contract;

import io.levada.Delivery;
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
            while ((event = events.poll(10, TimeUnit.SECONDS)) != null) {
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
