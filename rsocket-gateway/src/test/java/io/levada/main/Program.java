package io.levada.main;

import io.levada.cli.Shutdown;
import io.levada.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One run of the program in this process.
 *
 * @param code its exit code
 */
record Program(int code, String out, String err) {
    static Program run(String... args) {
        return run(new byte[0], args);
    }

    static Program run(byte[] input, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(input), out, new PrintStream(err, true, StandardCharsets.UTF_8), false, false);
        int code = Main.run(terminal, Shutdown.none(), args);
        return new Program(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    List<String> lines() {
        return out.lines().toList();
    }
}
