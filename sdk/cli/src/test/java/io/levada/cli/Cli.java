package io.levada.cli;

import io.levada.LevadaOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The command line over a fake log, with what it was given and what it said. */
final class Cli {
    final FakeLevada log = new FakeLevada();
    final List<String> addresses = new ArrayList<>();
    final List<LevadaOptions> options = new ArrayList<>();
    final Shutdown shutdown = Shutdown.none();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private InputStream in = InputStream.nullInputStream();
    private @Nullable OutputStream otherOut;
    private boolean terminal;

    Cli withInput(String text) {
        in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    Cli onTerminal() {
        terminal = true;
        return this;
    }

    /** A reader that goes away after so many bytes. */
    Cli withReaderThatLeavesAfter(int bytes) {
        otherOut = new OutputStream() {
            private int written;

            @Override
            public void write(int one) throws IOException {
                if (++written > bytes) {
                    throw new IOException("Broken pipe");
                }
                out.write(one);
            }
        };
        return this;
    }

    int run(String... args) {
        out.reset();
        err.reset();
        Terminal streams = new Terminal(
                in,
                otherOut == null ? out : otherOut,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                terminal,
                terminal);
        CommandContext context = new CommandContext(streams, shutdown, (address, given) -> {
            addresses.add(address);
            options.add(given);
            return log;
        });
        return new LevadaCli(context).run(args);
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
