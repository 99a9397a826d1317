package io.levada.connect.rest;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.access.AccessControl;
import io.levada.access.Rights;
import jakarta.ws.rs.core.Response.Status;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.rest.RestRequestTimeout;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves Kafka Connect's REST API for a herder. Each request has a thread that waits for the herder; some threads are
 * kept to answer 503 while the others all wait. Safe for any thread.
 */
public final class RestServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RestServer.class);
    /** As long as Kafka Connect waits. */
    private static final RestRequestTimeout LIMITS = RestRequestTimeout.constant(90_000, 10_000);

    static final int MAX_BODY_BYTES = 1 << 20;
    /** Requests that are served at the same time. */
    static final int MAX_REQUESTS = 24;

    private static final int THREADS = MAX_REQUESTS + 8;
    private static final int MAX_CONNECTIONS = 256;
    private static final int DRAIN_MS = 2_000;

    static {
        // The JDK's server knows its limits by properties of the process alone, and has none unless told.
        limit("jdk.httpserver.maxConnections", MAX_CONNECTIONS);
        // Seconds for a request to arrive, and to be answered, the herder's 90 among them.
        limit("sun.net.httpserver.maxReqTime", 10);
        limit("sun.net.httpserver.maxRspTime", 120);
        // So much is read and thrown away of a body that is refused, so that who sends it gets to the answer.
        limit("sun.net.httpserver.drainAmount", 16 << 20);
        // Headers and body go out apart, and Nagle's algorithm would hold the body back for 40 ms.
        limit("sun.net.httpserver.nodelay", true);
    }

    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Gate gate;
    private final Guard guard;
    private final Routes routes;
    private final long drainMs;
    private final Semaphore free = new Semaphore(MAX_REQUESTS);
    private final AtomicBoolean closing = new AtomicBoolean();
    private final AtomicInteger made = new AtomicInteger();

    private RestServer(HttpServer server, Routes routes, Gate gate, Guard guard, long drainMs) {
        this.server = server;
        this.routes = routes;
        this.gate = gate;
        this.guard = guard;
        this.drainMs = drainMs;
        this.threads = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_CONNECTIONS), this::thread);
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Starts serving.
     *
     * @param address where to; port 0 takes a free one
     * @param metrics gives the page at {@code /metrics}; may block
     * @param access who may do what with connectors; the caller closes it
     * @throws LevadaException with {@link ErrorCode#INVALID_REQUEST} when the address cannot be bound
     */
    public static RestServer start(
            InetSocketAddress address, Herder herder, Supplier<String> metrics, Gate gate, AccessControl access) {
        return start(address, herder, metrics, gate, access, LIMITS, DRAIN_MS);
    }

    static RestServer start(
            InetSocketAddress address,
            Herder herder,
            Supplier<String> metrics,
            Gate gate,
            AccessControl access,
            RestRequestTimeout limits,
            long drainMs) {
        HttpServer server;
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "port " + address.getPort() + " of " + address.getHostString()
                            + " cannot be bound, it may be in use: " + e.getMessage()
                            + "; choose another, or 0 for a free one",
                    e);
        }
        RestServer rest =
                new RestServer(server, new Routes(herder, metrics, limits), gate, new Guard(access, herder), drainMs);
        server.createContext("/", rest::serve);
        server.setExecutor(rest.threads);
        server.start();
        return rest;
    }

    private static void limit(String property, Object value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, String.valueOf(value));
        }
    }

    /** Where it serves, with the port that it got. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Takes nothing new; what is being answered has two seconds to finish. Without that, it ends at once. */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        try {
            if (!free.tryAcquire(MAX_REQUESTS, drainMs, TimeUnit.MILLISECONDS)) {
                LOG.warn("{} requests were not answered within {} ms and are cut off", serving(), drainMs);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.stop(0); // its own waiting takes its time even where there is nothing to wait for
        threads.shutdownNow();
    }

    private int serving() {
        return MAX_REQUESTS - free.availablePermits();
    }

    private void serve(HttpExchange exchange) {
        boolean admitted = free.tryAcquire();
        try (exchange) {
            send(exchange, admitted && !closing.get() ? answer(exchange) : refusal());
        } catch (IOException e) {
            LOG.debug("a client is gone: {}", e.toString());
        } finally {
            if (admitted) {
                free.release();
            }
        }
    }

    private Answer refusal() {
        String reason = closing.get() ? "The worker stops" : "The worker has " + MAX_REQUESTS + " requests to answer";
        return Answer.error(503, reason + "; try again later").with("Retry-After", "1");
    }

    private Answer answer(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        String path = exchange.getRequestURI().getRawPath();
        Headers headers = exchange.getRequestHeaders();
        String request = method + " " + path;
        Routes.Match match;
        Rights rights;
        try {
            gate.admit(method, path, headers, exchange.getRemoteAddress());
            match = routes.match(method, path);
            rights = guard.recognise(
                    match.need(), headers.getFirst("Authorization"), "HTTP " + exchange.getRemoteAddress());
        } catch (Throwable e) { // a class that is missing must not cost the client its answer
            return guard.refusal(e, request);
        }
        // Also where no body is wanted: a request that was not read to its end counts as one that does not arrive.
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
        try {
            if (body.length > MAX_BODY_BYTES) {
                throw new ConnectRestException(
                        Status.REQUEST_ENTITY_TOO_LARGE,
                        "The body is larger than " + MAX_BODY_BYTES + " bytes; send a smaller one");
            }
            String query = exchange.getRequestURI().getRawQuery();
            String type = headers.getFirst("Content-Type");
            return guard.answer(match, new Request(rights, match.names(), query, type, body));
        } catch (Throwable e) {
            return RestErrors.answer(e, request);
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        byte[] body = answer.body();
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (body.length > 0) {
            headers.set("Content-Type", Answer.JSON);
        }
        answer.headers().forEach(headers::put);
        if (head) {
            headers.set("Content-Length", String.valueOf(body.length));
        }
        if (head || body.length == 0) {
            exchange.sendResponseHeaders(answer.status(), -1);
            return;
        }
        exchange.sendResponseHeaders(answer.status(), body.length);
        exchange.getResponseBody().write(body);
    }

    /** A daemon, so that a worker whose herder hangs still ends. */
    private Thread thread(Runnable task) {
        Thread thread = new Thread(task, "connect-rest-" + made.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }
}
