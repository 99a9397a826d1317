package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a request is for: the parts of its path, decoded each for itself, and the action that may stand behind the last one,
 * as in {@code /v1/groups/g:reset}. Names hold neither slashes nor colons.
 */
record Target(List<String> parts, String action) {
    /** Splits a path without its query; fails with INVALID_REQUEST. */
    static Target of(String path) {
        String plain = path.startsWith("/") ? path.substring(1) : path;
        List<String> parts = new ArrayList<>();
        String action = "";
        String[] raw = plain.split("/", -1);
        for (int i = 0; i < raw.length; i++) {
            String part = raw[i];
            int colon = part.lastIndexOf(':');
            if (i == raw.length - 1 && colon >= 0) {
                action = part.substring(colon + 1);
                part = part.substring(0, colon);
            }
            parts.add(decoded(part));
        }
        return new Target(List.copyOf(parts), action);
    }

    private static String decoded(String part) {
        try {
            // Plus signs mean themselves in a path.
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "the path is not URL-encoded: " + e.getMessage(), e);
        }
    }

    int size() {
        return parts.size();
    }

    String part(int index) {
        return parts.get(index);
    }

    /** The path with {@code *} for names, for comparison: {@code v1/topics/*}. */
    boolean is(String pattern) {
        int colon = pattern.lastIndexOf(':');
        if (!action.equals(colon < 0 ? "" : pattern.substring(colon + 1))) {
            return false;
        }
        String[] wanted = (colon < 0 ? pattern : pattern.substring(0, colon)).split("/", -1);
        if (wanted.length != parts.size()) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            if (!wanted[i].equals("*") && !wanted[i].equals(parts.get(i))) {
                return false;
            }
        }
        return true;
    }
}
