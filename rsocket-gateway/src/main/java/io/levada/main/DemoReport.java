package io.levada.main;

import io.levada.cli.TextTable;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What came out of the demo, held against the file that went in. */
final class DemoReport {
    private static final int BUSY_FLIGHTS = 200;
    private static final int SHOWN_AIRPORTS = 3;

    private final DemoScreen screen;
    private final List<Flight> flights;
    private boolean good = true;

    DemoReport(DemoScreen screen, List<Flight> flights) {
        this.screen = screen;
        this.flights = flights;
    }

    /** Prints the table and the checks; returns whether all of them hold. */
    boolean print(List<DemoGroup> groups) {
        screen.say("");
        table(groups).lines().forEach(line -> screen.say("  " + line));
        screen.say("");
        for (DemoGroup group : groups) {
            Ledger ledger = group.ledger();
            check(
                    ledger.isPerfect(),
                    String.format(
                            Locale.ROOT,
                            "%s got all %,d flights exactly once, those of each airport in order",
                            group.name(),
                            flights.size()),
                    ledger.missing() + " missing, " + ledger.duplicates() + " twice, " + ledger.outOfOrder()
                            + " out of order");
        }
        groups.stream().filter(group -> group.name().equals("delays")).forEach(this::delays);
        return good;
    }

    private void check(boolean holds, String what, String otherwise) {
        good &= holds;
        screen.say("  " + screen.mark(holds) + " " + what + (holds ? "" : ": " + otherwise));
    }

    private static TextTable table(List<DemoGroup> groups) {
        TextTable table = new TextTable("GROUP", "MEMBER", "PARTITIONS", "RECORDS", "IN ORDER?", "DUPLICATES");
        for (DemoGroup group : groups) {
            Ledger ledger = group.ledger();
            String first = ledger.outOfOrder() == 0 ? "yes" : "no";
            for (DemoMember member : group.members()) {
                table.row(
                        group.name(),
                        member.name(),
                        partitions(member),
                        String.format(Locale.ROOT, "%,d", member.records()),
                        first,
                        ledger.duplicates());
            }
        }
        return table;
    }

    private static String partitions(DemoMember member) {
        if (member.hasLeft()) {
            return list(member.partitions()) + " until it left";
        }
        return member.partitions().isEmpty() ? "none, idle" : list(member.partitions());
    }

    /** {@code 1 and 4}, {@code 1, 2 and 3}. */
    static String list(List<Integer> numbers) {
        String all = numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
        int last = all.lastIndexOf(", ");
        return last < 0 ? all : all.substring(0, last) + " and " + all.substring(last + 2);
    }

    private void delays(DemoGroup group) {
        MeanDelays fromFile = new MeanDelays();
        flights.forEach(fromFile::add);
        List<MeanDelays.Airport> expected = fromFile.airports();
        check(
                group.delays().airports().equals(expected),
                "the mean delays at " + expected.size() + " airports equal those computed from the file",
                "they differ");
        String late = group.delays()
                .latestFirst(BUSY_FLIGHTS)
                .limit(SHOWN_AIRPORTS)
                .map(airport -> String.format(Locale.ROOT, "%s %.1f", airport.code(), airport.meanMinutes()))
                .collect(Collectors.joining(", "));
        screen.say("");
        screen.say("  Latest of the busy airports, in minutes: " + late + ".");
        screen.say(String.format(
                Locale.ROOT,
                "  From publisher over disk to the readers of delays: half within %.1f ms, 99 of 100 within %.0f ms.",
                group.ledger().delayMs(0.5),
                group.ledger().delayMs(0.99)));
    }
}
