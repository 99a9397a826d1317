package io.levada.rest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes JSON texts apart that stand one behind the other, with or without space between them. Knows strings and brackets and
 * nothing else: whether a text is JSON is seen when it is read. For one thread at a time.
 */
final class JsonTexts implements Splitter {
    private final int maxBytes;
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
    private int depth;
    private boolean inString;
    private boolean escaped;
    private boolean tooLong;

    JsonTexts(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    @Override
    public List<Text> split(byte[] piece) {
        List<Text> texts = new ArrayList<>();
        for (byte next : piece) {
            boolean ends = depth == 0 && !inString && next == '\n';
            if (!ends) {
                add(next);
            }
            if (inString) {
                inString = escaped || next != '"';
                escaped = !escaped && next == '\\';
            } else if (next == '"') {
                inString = true;
            } else if (next == '{' || next == '[') {
                depth++;
            } else if (next == '}' || next == ']') {
                depth = Math.max(0, depth - 1);
                ends = depth == 0;
            }
            if (ends) {
                texts.addAll(rest());
            }
        }
        return texts;
    }

    private void add(byte next) {
        if (begun.size() == maxBytes) {
            tooLong = true;
        }
        if (!tooLong) {
            begun.write(next);
        }
    }

    @Override
    public List<Text> rest() {
        String text = begun.toString(StandardCharsets.UTF_8).strip();
        boolean cut = tooLong;
        begun.reset();
        tooLong = false;
        if (cut) {
            return List.of(new Text(null));
        }
        return text.isEmpty() ? List.of() : List.of(new Text(text));
    }
}
