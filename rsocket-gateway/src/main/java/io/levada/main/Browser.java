package io.levada.main;

import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The browser of whoever sits at this machine, where there is a desktop; that it cannot be opened is no failure. */
final class Browser {
    private Browser() {}

    /** Shows a page, in the background. */
    static void open(String address) {
        Thread opener = new Thread(() -> tryToOpen(address), "levada-browser");
        opener.setDaemon(true);
        opener.start();
    }

    private static void tryToOpen(String address) {
        try {
            boolean linux =
                    System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("linux");
            if (linux && System.getenv("DISPLAY") == null && System.getenv("WAYLAND_DISPLAY") == null) {
                return;
            }
            if (!(linux && ask("xdg-open", address))
                    && !GraphicsEnvironment.isHeadless()
                    && Desktop.isDesktopSupported()
                    && Desktop.getDesktop().isSupported(Desktop.Action.BROWSE)) {
                Desktop.getDesktop().browse(URI.create(address));
            }
        } catch (IOException | RuntimeException | LinkageError | InterruptedException e) {
            // the address stands on the terminal
        }
    }

    /** Whether a program took the address; one that still runs after a while has. */
    private static boolean ask(String program, String address) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(program, address)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return !process.waitFor(5, TimeUnit.SECONDS) || process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
