package io.levada.main;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.RecordJson;
import io.levada.StoredRecord;
import io.levada.cli.Terminal;
import io.levada.log.LogInspector;
import io.levada.log.LogInspector.SegmentFile;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Locale;

/** Segments as text, or as one line of JSON for each batch. Not thread-safe. */
final class LogDump {
    private static final JsonFactory JSON = new JsonFactory();
    private static final String UNKNOWN_TOPIC = "?";

    private final Terminal terminal;
    private final boolean json;
    private int damagedRanges;

    LogDump(Terminal terminal, boolean json) {
        this.terminal = terminal;
        this.json = json;
    }

    /** Prints all of it; fails with CORRUPT_MESSAGE at the end where something was damaged. */
    void dump(Path path) throws IOException {
        LogInspector inspector = LogInspector.of(path);
        for (SegmentFile segment : inspector.segments()) {
            if (!json) {
                terminal.line(topic(segment) + "-" + segment.partition() + " from offset " + segment.baseOffset() + ", "
                        + segment.bytes() + " bytes, " + segment.path());
            }
            try {
                inspector.inspect(segment, new Printer(segment));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
        terminal.flush();
        if (damagedRanges > 0) {
            throw new LevadaException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "damaged ranges: " + damagedRanges + "; they are printed where they are");
        }
    }

    private static String topic(SegmentFile segment) {
        return segment.topic() == null ? UNKNOWN_TOPIC : segment.topic();
    }

    private static String codec(ByteBuf batch) {
        return RecordBatch.compression(batch).name().toLowerCase(Locale.ROOT);
    }

    /** What the inspector finds in one segment; its failures to print travel unchecked. */
    private final class Printer implements LogInspector.Visitor {
        private final SegmentFile segment;

        Printer(SegmentFile segment) {
            this.segment = segment;
        }

        @Override
        public void batch(int position, ByteBuf batch) {
            try (RecordCursor records = RecordCursor.open(batch, Limits.DEFAULT)) {
                if (json) {
                    jsonBatch(position, batch, records);
                } else {
                    textBatch(position, batch, records);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void textBatch(int position, ByteBuf batch, RecordCursor records) throws IOException {
            terminal.line("  at " + position + ": offsets " + RecordBatch.baseOffset(batch) + " to "
                    + RecordBatch.lastOffset(batch) + ", " + RecordBatch.recordCount(batch) + " records, "
                    + codec(batch) + ", " + RecordBatch.sizeInBytes(batch) + " bytes, checksums right");
            while (records.next()) {
                terminal.line("    " + RecordJson.line(record(records)));
            }
        }

        private void jsonBatch(int position, ByteBuf batch, RecordCursor records) throws IOException {
            StringWriter line = new StringWriter();
            try (JsonGenerator out = JSON.createGenerator(line)) {
                start(out, position, RecordBatch.sizeInBytes(batch));
                out.writeBooleanField("valid", true);
                out.writeNumberField("baseOffset", RecordBatch.baseOffset(batch));
                out.writeNumberField("lastOffset", RecordBatch.lastOffset(batch));
                out.writeNumberField("count", RecordBatch.recordCount(batch));
                out.writeStringField("codec", codec(batch));
                out.writeArrayFieldStart("records");
                while (records.next()) {
                    RecordJson.write(out, record(records));
                }
                out.writeEndArray();
                out.writeEndObject();
            }
            terminal.line(line.toString());
        }

        private void start(JsonGenerator out, int position, int bytes) throws IOException {
            out.writeStartObject();
            out.writeStringField("topic", segment.topic());
            out.writeNumberField("partition", segment.partition());
            out.writeStringField("file", segment.path());
            out.writeNumberField("position", position);
            out.writeNumberField("bytes", bytes);
        }

        private StoredRecord record(RecordCursor at) {
            return new StoredRecord(
                    topic(segment),
                    segment.partition(),
                    at.offset(),
                    at.timestampMs(),
                    at.key(),
                    at.value(),
                    at.headers());
        }

        @Override
        public void damage(int position, int bytes, String why) {
            damagedRanges++;
            try {
                if (json) {
                    jsonDamage(position, bytes, why);
                } else {
                    terminal.line("  at " + position + ": DAMAGED, " + bytes + " bytes: " + why);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void jsonDamage(int position, int bytes, String why) throws IOException {
            StringWriter line = new StringWriter();
            try (JsonGenerator out = JSON.createGenerator(line)) {
                start(out, position, bytes);
                out.writeBooleanField("valid", false);
                out.writeStringField("why", why);
                out.writeEndObject();
            }
            terminal.line(line.toString());
        }
    }
}
