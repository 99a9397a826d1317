package io.levada.cli;

import io.levada.RecordJson;
import io.levada.StoredRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Prints records, one a line: their values as they are, or JSON. Not thread-safe. */
final class RecordPrinter {
    private final OutputStream out;
    private final boolean json;

    /** Prints to {@code out}, which should be buffered. */
    RecordPrinter(OutputStream out, boolean json) {
        this.out = out;
        this.json = json;
    }

    void print(StoredRecord record) throws BrokenPipe {
        try {
            if (json) {
                out.write(RecordJson.line(record).getBytes(StandardCharsets.UTF_8));
            } else if (record.value() != null) {
                out.write(record.value());
            }
            out.write('\n');
        } catch (IOException e) {
            throw new BrokenPipe(e);
        }
    }

    void flush() throws BrokenPipe {
        try {
            out.flush();
        } catch (IOException e) {
            throw new BrokenPipe(e);
        }
    }
}
