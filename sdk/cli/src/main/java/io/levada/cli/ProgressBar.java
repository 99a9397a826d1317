package io.levada.cli;

import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * One line that is drawn over and over on a terminal: how much is done, how fast, how long it will take. Draws nothing
 * where no person reads. Not thread-safe.
 */
public final class ProgressBar implements AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int WIDTH = 30;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final Terminal terminal;
    private final String unit;
    private final LongSupplier nanoTime;
    private final long startedNanos;
    private long drawnNanos;
    private boolean drawn;

    public ProgressBar(Terminal terminal, String unit) {
        this(terminal, unit, System::nanoTime);
    }

    ProgressBar(Terminal terminal, String unit, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.unit = unit;
        this.nanoTime = nanoTime;
        startedNanos = nanoTime.getAsLong();
        drawnNanos = startedNanos;
    }

    /**
     * Redraws, ten times a second at most.
     *
     * @param done units done
     * @param fraction how much of the whole that is, 0 to 1, or below 0 when the whole is not known
     */
    public void update(long done, double fraction) {
        long now = nanoTime.getAsLong();
        if (!terminal.errIsTerminal() || now - drawnNanos < REDRAW_NANOS) {
            return;
        }
        drawnNanos = now;
        drawn = true;
        terminal.err().print(ERASE_LINE + text(done, fraction, (now - startedNanos) / 1e9));
        terminal.err().flush();
    }

    private String text(long done, double fraction, double seconds) {
        String counted = String.format(Locale.ROOT, "%,d %s  %,.0f/s", done, unit, done / seconds);
        if (fraction < 0) {
            return counted;
        }
        int full = (int) Math.min(WIDTH, Math.round(fraction * WIDTH));
        String left = fraction == 0 ? "" : "  " + clock(seconds / fraction - seconds) + " left";
        return "[" + "#".repeat(full) + ".".repeat(WIDTH - full) + "] "
                + String.format(Locale.ROOT, "%3.0f%%  ", fraction * 100) + counted + left;
    }

    private static String clock(double seconds) {
        long whole = Math.max(0, Math.round(seconds));
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }

    /** Takes the line away. */
    @Override
    public void close() {
        if (drawn) {
            terminal.err().print(ERASE_LINE);
            terminal.err().flush();
        }
    }
}
