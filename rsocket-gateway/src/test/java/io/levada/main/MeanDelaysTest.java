package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeanDelaysTest {
    @Test
    void parts_add_up_to_the_whole() throws IOException {
        MeanDelays whole = new MeanDelays();
        List<MeanDelays> parts = List.of(new MeanDelays(), new MeanDelays());
        List<Flight> flights = Flights.load();
        for (Flight flight : flights) {
            whole.add(flight);
            parts.get(flight.number() % 2).add(flight);
        }
        MeanDelays sum = new MeanDelays();
        parts.forEach(sum::addAll);

        assertEquals(20_000, flights.size());
        assertEquals(whole.airports(), sum.airports());

        sum.add(flights.get(0)); // control: one flight too many is seen
        assertNotEquals(whole.airports(), sum.airports());
    }
}
