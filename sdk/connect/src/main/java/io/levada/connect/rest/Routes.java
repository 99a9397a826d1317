package io.levada.connect.rest;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.rest.RestRequestTimeout;
import org.apache.kafka.connect.runtime.rest.errors.ConnectRestException;

/**
 * All there is, as in Kafka Connect's {@code runtime.rest.resources}, without what its workers say to each other, and a page of
 * metrics. Immutable.
 */
final class Routes {
    private final List<Route> table;

    Routes(Herder herder, Supplier<String> metrics, RestRequestTimeout limits) {
        HerderCalls calls = new HerderCalls(limits);
        WorkerRoutes worker = new WorkerRoutes(herder, calls);
        ConnectorRoutes connectors = new ConnectorRoutes(herder, calls);
        PluginRoutes plugins = new PluginRoutes(herder, calls);
        LoggerRoutes loggers = new LoggerRoutes(herder);
        this.table = List.of(
                new Route("GET", "/", worker::info),
                new Route("GET", "/health", worker::health),
                new Route("GET", "/metrics", request -> Answer.text(metrics.get())),
                new Route("GET", "/connectors", connectors::list),
                new Route("POST", "/connectors", connectors::create),
                new Route("GET", "/connectors/{connector}", connectors::describe),
                new Route("DELETE", "/connectors/{connector}", connectors::delete),
                new Route("GET", "/connectors/{connector}/config", connectors::config),
                new Route("PUT", "/connectors/{connector}/config", connectors::configure),
                new Route("PATCH", "/connectors/{connector}/config", connectors::patch),
                new Route("GET", "/connectors/{connector}/topics", connectors::topics),
                new Route("PUT", "/connectors/{connector}/topics/reset", connectors::resetTopics),
                new Route("GET", "/connectors/{connector}/tasks", connectors::tasks),
                new Route("GET", "/connectors/{connector}/status", connectors::status),
                new Route("PUT", "/connectors/{connector}/pause", connectors::pause),
                new Route("PUT", "/connectors/{connector}/resume", connectors::resume),
                new Route("PUT", "/connectors/{connector}/stop", connectors::stop),
                new Route("POST", "/connectors/{connector}/restart", connectors::restart),
                new Route("GET", "/connectors/{connector}/tasks/{task}/status", connectors::taskStatus),
                new Route("POST", "/connectors/{connector}/tasks/{task}/restart", connectors::restartTask),
                new Route("GET", "/connectors/{connector}/offsets", connectors::offsets),
                new Route("PATCH", "/connectors/{connector}/offsets", connectors::alterOffsets),
                new Route("DELETE", "/connectors/{connector}/offsets", connectors::resetOffsets),
                new Route("GET", "/connector-plugins", plugins::list),
                new Route("GET", "/connector-plugins/{plugin}/config", plugins::definition),
                new Route("PUT", "/connector-plugins/{plugin}/config/validate", plugins::validate),
                new Route("GET", "/admin/loggers", loggers::list),
                new Route("GET", "/admin/loggers/{logger}", loggers::level),
                new Route("PUT", "/admin/loggers/{logger}", loggers::setLevel));
    }

    /** Where a request goes, and the names in its path. */
    record Match(Route.Handler handler, Map<String, String> names) {}

    /** Finds the route of a path, percent-encoded, and a method; HEAD goes where GET does. */
    Match match(String method, String path) {
        String wanted = method.equals("HEAD") ? "GET" : method;
        TreeSet<String> others = new TreeSet<>();
        for (Route route : table) {
            Map<String, String> names = route.match(path);
            if (names != null && route.method().equals(wanted)) {
                return new Match(route.handler(), names);
            } else if (names != null) {
                others.add(route.method());
            }
        }
        if (others.isEmpty()) {
            throw new NotFoundException("HTTP 404 Not Found: there is nothing at " + path);
        }
        if (others.contains("GET")) {
            others.add("HEAD");
        }
        throw new WrongMethod(String.join(", ", others));
    }

    /** There is something at this path, for other methods. */
    static final class WrongMethod extends ConnectRestException {
        private static final long serialVersionUID = 1L;

        private final String allowed;

        private WrongMethod(String allowed) {
            super(405, "HTTP 405 Method Not Allowed: use " + allowed);
            this.allowed = allowed;
        }

        String allowed() {
            return allowed;
        }
    }
}
