package io.levada.connect.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A method and the paths on which it goes to a handler.
 *
 * @param template the path, in which {@code {variables}} stand for one segment each
 * @param need what whoever makes a request needs to be allowed
 */
record Route(String method, String template, Need need, Handler handler) {
    /** Answers the requests of a route, on a thread that may wait. */
    @FunctionalInterface
    interface Handler {
        Answer answer(Request request) throws Throwable;
    }

    /**
     * The variables, decoded, if this path is one of the route's; else null.
     *
     * @param path percent-encoded; a slash at its end changes nothing
     */
    @Nullable
    Map<String, String> match(String path) {
        String[] wanted = template.split("/", -1);
        String[] given =
                (path.endsWith("/") && path.length() > 1 ? path.substring(0, path.length() - 1) : path).split("/", -1);
        if (wanted.length != given.length) {
            return null;
        }
        Map<String, String> names = new HashMap<>();
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].startsWith("{") && !given[i].isEmpty()) {
                String variable = wanted[i].substring(1, wanted[i].length() - 1);
                names.put(variable, URLDecoder.decode(given[i].replace("+", "%2B"), UTF_8)); // a plus means itself here
            } else if (!wanted[i].equals(given[i])) {
                return null;
            }
        }
        return names;
    }
}
