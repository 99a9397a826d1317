package io.levada.cli;

import io.levada.RecordJson;
import io.levada.StoredRecord;
import java.io.IOException;

/** Prints records, one a line: their values as they are, or JSON. Not thread-safe. */
final class RecordPrinter {
    private static final byte[] NOTHING = {};

    private final Terminal terminal;
    private final boolean json;

    RecordPrinter(Terminal terminal, boolean json) {
        this.terminal = terminal;
        this.json = json;
    }

    void print(StoredRecord record) throws IOException {
        if (json) {
            terminal.line(RecordJson.line(record));
        } else {
            terminal.line(record.value() == null ? NOTHING : record.value());
        }
    }

    void flush() throws IOException {
        terminal.flush();
    }
}
