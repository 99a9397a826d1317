package io.levada.main;

import io.levada.cli.Terminal;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * What the demo shows: text that stays and, on a terminal, a few lines below it that are drawn over and over. Colour and
 * drawing are for terminals only. Used by one thread.
 */
final class DemoScreen {
    private static final int BAR_WIDTH = 32;
    private static final String ESCAPE = "\u001b[";

    private final PrintStream out;
    private final boolean live;
    private final boolean colour;
    private final boolean blocks;
    private List<String> drawn = List.of();

    DemoScreen(Terminal terminal) {
        out = new PrintStream(terminal.out(), false, StandardCharsets.UTF_8);
        live = terminal.outIsTerminal();
        colour = terminal.outTakesColour();
        blocks = live && speaksUtf8();
    }

    private static boolean speaksUtf8() {
        for (String name : List.of("LC_ALL", "LC_CTYPE", "LANG")) {
            String value = System.getenv(name);
            if (value != null && !value.isEmpty()) {
                return value.toUpperCase(Locale.ROOT).replace("-", "").contains("UTF8");
            }
        }
        return false;
    }

    /** Prints a line that stays. */
    void say(String text) {
        eraseLive();
        out.println(text);
        out.flush();
    }

    void title(String text) {
        say(bold(text));
    }

    /** Draws the lines that change below the text, in place of those before; nothing where nobody watches. */
    void draw(List<String> lines) {
        if (!live || lines.equals(drawn)) {
            return;
        }
        eraseLive();
        lines.forEach(out::println);
        out.flush();
        drawn = List.copyOf(lines);
    }

    /** Lets the lines that change stay as they are. */
    void keepLive() {
        drawn = List.of();
    }

    private void eraseLive() {
        if (!drawn.isEmpty()) {
            out.print(ESCAPE + drawn.size() + "A" + ESCAPE + "J");
            drawn = List.of();
        }
    }

    /** A bar that is this full, 0 to 1. */
    String bar(double fraction) {
        int full = (int) Math.round(Math.max(0, Math.min(1, fraction)) * BAR_WIDTH);
        return blocks
                ? paint("36", "█".repeat(full)) + paint("2", "░".repeat(BAR_WIDTH - full))
                : "[" + "#".repeat(full) + ".".repeat(BAR_WIDTH - full) + "]";
    }

    String bold(String text) {
        return paint("1", text);
    }

    String faint(String text) {
        return paint("2", text);
    }

    /** The mark of a check. */
    String mark(boolean good) {
        return good ? paint("1;32", blocks ? "✔" : "ok") : paint("1;31", blocks ? "✘" : "FAILED");
    }

    private String paint(String code, String text) {
        return colour ? ESCAPE + code + "m" + text + ESCAPE + "0m" : text;
    }
}
