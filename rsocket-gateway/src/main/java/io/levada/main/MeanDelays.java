package io.levada.main;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The mean delay of the flights from each airport, added up in whole minutes so that parts add up exactly. Thread-safe. */
final class MeanDelays {
    /** What is known of one airport. */
    record Airport(String code, long flights, long delayMinutes) {
        Airport plus(Airport other) {
            return new Airport(code, flights + other.flights, delayMinutes + other.delayMinutes);
        }

        double meanMinutes() {
            return (double) delayMinutes / flights;
        }
    }

    private final Map<String, Airport> airports = new TreeMap<>();

    void add(Flight flight) {
        add(new Airport(flight.origin(), 1, flight.delayMinutes()));
    }

    void addAll(MeanDelays part) {
        part.airports().forEach(this::add);
    }

    private synchronized void add(Airport airport) {
        airports.merge(airport.code(), airport, Airport::plus);
    }

    /** Airports in order of their code. */
    synchronized List<Airport> airports() {
        return List.copyOf(airports.values());
    }

    /** Busy airports, the latest first. */
    Stream<Airport> latestFirst(int minFlights) {
        return airports().stream()
                .filter(airport -> airport.flights() >= minFlights)
                .sorted(Comparator.comparingDouble(Airport::meanMinutes).reversed());
    }
}
