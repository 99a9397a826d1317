package io.levada.main;

import io.levada.Header;
import io.levada.Record;
import java.util.List;

/**
 * A flight of the sample data.
 *
 * @param number its place in the file, from 0
 * @param text its line
 * @param origin the airport it left from
 * @param delayMinutes how late it was; below 0 when early
 */
record Flight(int number, String text, String origin, int delayMinutes) {
    private static final int DEPARTURE = 0;
    private static final int ORIGIN = 1;
    private static final int DESTINATION = 2;
    private static final int DELAY = 3;
    private static final int MILES = 4;

    static Flight of(int number, String line) {
        String[] fields = line.split(",", -1);
        return new Flight(number, line, fields[ORIGIN], Integer.parseInt(fields[DELAY]));
    }

    /** As it is published: by its airport, so that flights from one airport stay in order. */
    Record toRecord() {
        return Record.of(origin, text).withHeaders(List.of(Header.of("number", String.valueOf(number))));
    }

    /** As the live stream has it, where each flight comes again and again: some 100 bytes of JSON. */
    Record toLive(long live) {
        String[] fields = text.split(",", -1);
        return Record.of(
                origin,
                "{\"flight\":" + live + ",\"departure\":\"" + fields[DEPARTURE] + "\",\"from\":\"" + origin
                        + "\",\"to\":\"" + fields[DESTINATION] + "\",\"delay\":" + delayMinutes + ",\"miles\":"
                        + fields[MILES] + "}");
    }
}
