package io.levada.main;

import io.levada.cli.CommandContext;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The demo's live part: one stream without an end, and the address of the page that shows readers of it. */
final class DemoLive {
    private static final String PAGE = "/demo";

    private final CommandContext context;
    private final Consumer<String> browser;
    private final List<Flight> flights;
    private final int recordsPerSecond;

    /** @param browser what shows an address to whoever sits at the terminal, if it can */
    DemoLive(CommandContext context, Consumer<String> browser, List<Flight> flights, int recordsPerSecond) {
        this.context = context;
        this.browser = browser;
        this.flights = flights;
        this.recordsPerSecond = recordsPerSecond;
    }

    /**
     * Publishes until somebody says to stop: a signal, or Enter at a terminal.
     *
     * @param announce is given the page's address once there is something to see
     */
    void run(Server server, Announcement announce) throws IOException, InterruptedException {
        CompletableFuture<Void> stop = new CompletableFuture<>();
        context.shutdown().onStop(() -> stop.complete(null));
        try (DemoStream stream = DemoStream.start(server.rsocketAddress(), flights, recordsPerSecond)) {
            String page = server.httpAddress() + PAGE;
            announce.of(page);
            context.terminal().flush();
            if (context.terminal().outIsTerminal()) {
                listenForEnter(stop);
                browser.accept(page);
            }
            CompletableFuture.anyOf(stop, stream.ended()).join();
        }
    }

    /** Says where the page is. */
    interface Announcement {
        void of(String page) throws IOException;
    }

    /** The end of the input says nothing: there may have been none. */
    private void listenForEnter(CompletableFuture<Void> stop) {
        InputStream in = context.terminal().in();
        Thread listener = new Thread(
                () -> {
                    try {
                        if (in.read() >= 0) {
                            stop.complete(null);
                        }
                    } catch (IOException e) {
                        // a terminal that cannot be read leaves the signal
                    }
                },
                "levada-demo-enter");
        listener.setDaemon(true);
        listener.start();
    }
}
