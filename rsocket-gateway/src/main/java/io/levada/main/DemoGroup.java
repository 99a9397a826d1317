package io.levada.main;

import io.levada.Delivery;
import io.levada.LevadaException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/** A group of the demo: its members, and what all of them together have seen. Thread-safe. */
final class DemoGroup {
    private final String name;
    private final AtomicLongArray publishedNanos;
    private final Ledger ledger;
    private final List<MeanDelays> parts = new ArrayList<>();
    private final List<DemoMember> members;

    /**
     * @param address of the server
     * @param size how many members
     * @param publishedNanos when each flight was handed to the publisher
     * @param workNanos how long a member takes for a record
     */
    DemoGroup(String address, String name, int size, AtomicLongArray publishedNanos, long workNanos) {
        this.name = name;
        this.publishedNanos = publishedNanos;
        ledger = new Ledger(publishedNanos.length());
        members = IntStream.rangeClosed(1, size)
                .mapToObj(number -> member(address, size == 1 ? name : name + "-" + number, workNanos))
                .toList();
    }

    private DemoMember member(String address, String memberName, long workNanos) {
        MeanDelays part = new MeanDelays();
        parts.add(part);
        return new DemoMember(address, memberName, delivery -> work(part, delivery), workNanos);
    }

    void join(String topic) {
        members.forEach(member -> member.join(name, topic));
    }

    /** What a member does with a record: all it knows of the flight comes out of the record itself. */
    private void work(MeanDelays part, Delivery delivery) {
        byte[] number =
                Objects.requireNonNull(delivery.record().headers().get(0).value());
        Flight flight = Flight.of(
                Integer.parseInt(new String(number, StandardCharsets.UTF_8)),
                Objects.requireNonNull(delivery.record().valueUtf8()));
        part.add(flight);
        ledger.note(flight, System.nanoTime() - publishedNanos.get(flight.number()));
    }

    String name() {
        return name;
    }

    List<DemoMember> members() {
        return members;
    }

    Ledger ledger() {
        return ledger;
    }

    /** The mean delays, added up over its members. */
    MeanDelays delays() {
        MeanDelays all = new MeanDelays();
        parts.forEach(all::addAll);
        return all;
    }

    /** Whether its members own all partitions, shared evenly, and those without one were told so. */
    boolean isSettled(int partitions) {
        List<DemoMember> there =
                members.stream().filter(member -> !member.hasLeft()).toList();
        int owned =
                there.stream().mapToInt(member -> member.partitions().size()).sum();
        int most = (partitions + there.size() - 1) / there.size();
        return owned == partitions
                && there.stream()
                        .allMatch(member -> member.partitions().isEmpty()
                                ? member.idle() != null
                                : member.partitions().size() <= most);
    }

    /** Fails with what any of the members failed with. */
    void check() {
        for (DemoMember member : members) {
            LevadaException error = member.error();
            if (error != null) {
                throw error;
            }
        }
    }

    void close() {
        members.forEach(DemoMember::close);
    }
}
