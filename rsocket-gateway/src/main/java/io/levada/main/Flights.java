package io.levada.main;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The sample data that comes with the program. */
final class Flights {
    private static final String RESOURCE = "/samples/flights-2001.csv";

    private Flights() {}

    /** All flights in order of departure. */
    static List<Flight> load() throws IOException {
        List<Flight> flights = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(open(), StandardCharsets.UTF_8))) {
            lines.readLine(); // the names of the columns
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                flights.add(Flight.of(flights.size(), line));
            }
        }
        return flights;
    }

    private static InputStream open() {
        InputStream data = Flights.class.getResourceAsStream(RESOURCE);
        if (data == null) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_SERVER_ERROR, RESOURCE + " is missing from the jar; build it anew");
        }
        return data;
    }
}
