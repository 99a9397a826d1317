package io.levada.main;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.cli.Terminal;
import io.levada.log.LogVerifier;
import io.levada.log.LogVerifier.Finding;
import io.levada.log.LogVerifier.Summary;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** What is damaged in a store, a line for each range, as text or as JSON; then what was looked at. Not thread-safe. */
final class LogVerify {
    private static final JsonFactory JSON = new JsonFactory();

    private final Terminal terminal;
    private final boolean json;

    LogVerify(Terminal terminal, boolean json) {
        this.terminal = terminal;
        this.json = json;
    }

    /** Prints all of it; fails with CORRUPT_MESSAGE at the end where something is damaged. */
    void verify(Path directory) throws IOException {
        Summary summary;
        try {
            summary = LogVerifier.verify(directory, this::print);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (json) {
            terminal.line(jsonSummary(summary));
        } else if (summary.damaged() == 0) {
            terminal.line("no damage: " + summary.batches() + " batches in " + summary.files() + " files of "
                    + summary.bytes() + " bytes");
        }
        terminal.flush();
        if (summary.damaged() > 0) {
            throw new LevadaException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "damaged ranges: " + summary.damaged() + " in " + directory + "; bring them back from a backup");
        }
    }

    private void print(Finding finding) {
        try {
            terminal.line(json ? jsonFinding(finding) : text(finding));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(Finding finding) {
        StringBuilder line = new StringBuilder("DAMAGED ");
        if (finding.partition() >= 0) {
            String topic = finding.topic();
            line.append(topic == null ? "?" : topic).append('-').append(finding.partition());
            if (finding.from() >= 0) {
                line.append(" offsets ").append(finding.from()).append(" to ");
                line.append(finding.to() > finding.from() ? String.valueOf(finding.to() - 1) : "?");
            }
            line.append(", ");
        }
        return line.append(finding.file())
                .append(" at ")
                .append(finding.position())
                .append(", ")
                .append(finding.bytes())
                .append(" bytes: ")
                .append(finding.what())
                .toString();
    }

    private static String jsonFinding(Finding finding) throws IOException {
        StringWriter line = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(line)) {
            out.writeStartObject();
            out.writeStringField("topic", finding.topic());
            number(out, "partition", finding.partition());
            number(out, "from", finding.from());
            number(out, "to", finding.to() > finding.from() ? finding.to() : -1);
            out.writeStringField("file", finding.file());
            out.writeNumberField("position", finding.position());
            out.writeNumberField("bytes", finding.bytes());
            out.writeStringField("what", finding.what());
            out.writeEndObject();
        }
        return line.toString();
    }

    private static void number(JsonGenerator out, String name, long value) throws IOException {
        if (value < 0) {
            out.writeNullField(name);
        } else {
            out.writeNumberField(name, value);
        }
    }

    private static String jsonSummary(Summary summary) throws IOException {
        StringWriter line = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(line)) {
            out.writeStartObject();
            out.writeNumberField("files", summary.files());
            out.writeNumberField("bytes", summary.bytes());
            out.writeNumberField("batches", summary.batches());
            out.writeNumberField("damaged", summary.damaged());
            out.writeEndObject();
        }
        return line.toString();
    }
}
