package io.levada.rest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Splits a body into its lines as it comes; one that is too long is cut, and told as that. For one thread at a time. */
final class Lines implements Splitter {
    private final int maxBytes;
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
    private boolean tooLong;

    Lines(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** The lines that end within a piece; blank ones are left out. */
    @Override
    public List<Text> split(byte[] piece) {
        List<Text> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < piece.length; i++) {
            if (piece[i] == '\n') {
                add(piece, start, i);
                start = i + 1;
                end(lines);
            }
        }
        add(piece, start, piece.length);
        return lines;
    }

    /** What stands behind the last line's end. */
    @Override
    public List<Text> rest() {
        List<Text> lines = new ArrayList<>(1);
        end(lines);
        return lines;
    }

    private void add(byte[] piece, int from, int to) {
        if (begun.size() + to - from > maxBytes) {
            tooLong = true;
            begun.reset();
        }
        if (!tooLong) {
            begun.write(piece, from, to - from);
        }
    }

    private void end(List<Text> lines) {
        if (tooLong) {
            lines.add(new Text(null));
        } else {
            String text = begun.toString(StandardCharsets.UTF_8).strip();
            if (!text.isEmpty()) {
                lines.add(new Text(text));
            }
        }
        tooLong = false;
        begun.reset();
    }
}
