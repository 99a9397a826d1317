package io.levada.main;

import io.levada.cli.CommandContext;
import io.levada.cli.LevadaCli;
import io.levada.cli.Shutdown;
import io.levada.cli.Terminal;
import java.time.Duration;

/** The one runnable jar: the CLI, with the commands that run an engine in this process. */
public final class Main {
    /** A little less than the 10 s within which a server promises to be gone. */
    private static final Duration STOP_LIMIT = Duration.ofMillis(9_500);

    private Main() {}

    public static void main(String[] args) {
        // Of every 128th buffer Netty would note where it came from, which took a fiftieth of a busy server's time.
        System.getProperties().putIfAbsent("io.netty.leakDetection.level", "disabled");
        // A peer that asked for handshake after handshake on one connection would cost it little, and this machine
        // much.
        System.getProperties().putIfAbsent("jdk.tls.rejectClientInitiatedRenegotiation", "true");
        Shutdown shutdown = Shutdown.ofProcess(STOP_LIMIT);
        shutdown.exit(run(Terminal.ofProcess(), shutdown, args));
    }

    /** Runs one command and returns its exit code; see {@link LevadaCli}. */
    static int run(Terminal terminal, Shutdown shutdown, String... args) {
        CommandContext context = new CommandContext(terminal, shutdown);
        return new LevadaCli(context)
                .add("serve", () -> new ServeCommand(context))
                .add("log", () -> new LogCommand(context))
                .add("token", () -> new TokenCommand(context))
                .add("demo", () -> new DemoCommand(context))
                .run(args);
    }
}
