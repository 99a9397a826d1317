package io.levada.gateway;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * The pages of the HTTP port and what they load: files of the jar, a fixed set, each read when it is first asked for and
 * kept from then on, so that a server that nobody looks at starts no slower. Safe for any thread.
 */
final class WebPages {
    /** Nothing comes from elsewhere, nothing stands in a page itself; a WebSocket of the same origin is {@code 'self'}. */
    static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
            + " connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'";

    /** Of the WebJar in the pom, whose version is part of the names of its files. */
    private static final String UPLOT = "META-INF/resources/webjars/uplot/1.6.30/dist/";

    private static final Map<String, String> NAMED = Map.of(
            "/", "web/index.html",
            "/demo", "web/demo.html",
            "/levada.js", "web/levada.js",
            "/openapi.yaml", "openapi.yaml",
            "/lib/uplot.js", UPLOT + "uPlot.esm.js",
            "/lib/uplot.css", UPLOT + "uPlot.min.css");
    /** What the pages consist of. No part of a path begins with a dot, so none leads up. */
    private static final Pattern PARTS = Pattern.compile("/(?:console|demo)(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+");

    /** By the end of a file's name; there are no others. */
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "json", "application/json",
            "yaml", "application/yaml",
            "webmanifest", "application/manifest+json",
            "svg", "image/svg+xml",
            "png", "image/png");

    private static final String ORIGIN = "origin";
    private static final String ACCEPT_ENCODING_AND_ORIGIN = "accept-encoding, origin";
    private static final Pattern NO_GZIP = Pattern.compile("gzip\\s*;\\s*q=0(?:\\.0*)?");

    private final Map<String, Page> pages = new ConcurrentHashMap<>();

    /** What is at a path, or empty; only what there is stays in memory. It is read where reading may take its time. */
    Mono<Page> find(String path) {
        Page loaded = pages.get(path);
        String file = file(path);
        if (loaded != null || file == null) {
            return Mono.justOrEmpty(loaded);
        }
        return Mono.fromCallable(() -> pages.computeIfAbsent(path, absent -> load(file)))
                .subscribeOn(Schedulers.boundedElastic());
    }

    /** The file of the jar that a path stands for, whether it is there or not; null for a path that stands for none. */
    private static @Nullable String file(String path) {
        String named = NAMED.get(path);
        String file = named == null && PARTS.matcher(path).matches() ? "web" + path : named;
        return file == null || !TYPES.containsKey(end(file)) ? null : file;
    }

    private static String end(String file) {
        return file.substring(file.lastIndexOf('.') + 1);
    }

    // Null tells the map that there is none.
    private static @Nullable Page load(String file) {
        try (InputStream in = WebPages.class.getClassLoader().getResourceAsStream(file)) {
            if (in == null) {
                return null;
            }
            byte[] bytes = in.readAllBytes();
            String hash = hash(bytes);
            byte[] packed = gzip(bytes);
            Body plain = new Body(direct(bytes), '"' + hash + '"');
            boolean smaller = packed.length < bytes.length;
            return new Page(
                    TYPES.getOrDefault(end(file), ""),
                    plain,
                    smaller ? new Body(direct(packed), '"' + hash + "-gzip\"") : null);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " of the jar cannot be read", e);
        }
    }

    private static String hash(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    /** Outside the heap, so that no connection that reads slowly needs a copy. */
    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /** Answers GET and HEAD. */
    static Publisher<Void> send(Page page, HttpServerRequest request, HttpServerResponse response) {
        Body packed = takesGzip(request.requestHeaders()) ? page.packed() : null;
        Body body = packed == null ? page.plain() : packed;
        response.header(HttpHeaderNames.ETAG, body.etag())
                .header(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE)
                .header("X-Content-Type-Options", "nosniff")
                .header("Referrer-Policy", "no-referrer")
                .header(HttpHeaderNames.CONTENT_SECURITY_POLICY, POLICY);
        response.header(HttpHeaderNames.VARY, page.packed() == null ? ORIGIN : ACCEPT_ENCODING_AND_ORIGIN);
        String origin = request.requestHeaders().get(HttpHeaderNames.ORIGIN);
        if (origin != null) { // looked at before, and allowed: its pages may load the client from here
            response.header(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        if (isKnown(request.requestHeaders(), body.etag())) {
            return response.status(304).send();
        }
        response.header(HttpHeaderNames.CONTENT_TYPE, page.type())
                .header(
                        HttpHeaderNames.CONTENT_LENGTH,
                        String.valueOf(body.bytes().remaining()));
        if (packed != null) {
            response.header(HttpHeaderNames.CONTENT_ENCODING, HttpHeaderValues.GZIP);
        }
        return request.method().equals(HttpMethod.HEAD)
                ? response.send()
                : response.send(Mono.fromSupplier(
                        () -> Unpooled.wrappedBuffer(body.bytes().duplicate())));
    }

    private static boolean takesGzip(HttpHeaders headers) {
        for (String value : headers.getAll(HttpHeaderNames.ACCEPT_ENCODING)) {
            for (String coding : value.toLowerCase(Locale.ROOT).split(",", -1)) {
                String asked = coding.strip();
                if (asked.startsWith("gzip") && !NO_GZIP.matcher(asked).matches()) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isKnown(HttpHeaders headers, String etag) {
        for (String value : headers.getAll(HttpHeaderNames.IF_NONE_MATCH)) {
            for (String tag : value.split(",", -1)) {
                String known = tag.strip();
                if (known.equals("*") || known.equals(etag) || known.equals("W/" + etag)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A file as it is served: {@code packed} by gzip, where that makes it smaller. */
    record Page(String type, Body plain, @Nullable Body packed) {}

    /** What is sent: never changed, never released, read through duplicates. */
    record Body(ByteBuffer bytes, String etag) {}
}
