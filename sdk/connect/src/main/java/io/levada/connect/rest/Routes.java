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
                new Route("GET", "/", Need.PRINCIPAL, worker::info),
                new Route("GET", "/health", Need.NOTHING, worker::health),
                new Route("GET", "/metrics", Need.METRICS, request -> Answer.text(metrics.get())),
                new Route("GET", "/connectors", Need.PRINCIPAL, connectors::list),
                new Route("POST", "/connectors", Need.CREATE, connectors::create),
                new Route("GET", "/connectors/{connector}", Need.DESCRIBE, connectors::describe),
                new Route("DELETE", "/connectors/{connector}", Need.DELETE, connectors::delete),
                new Route("GET", "/connectors/{connector}/config", Need.DESCRIBE, connectors::config),
                new Route("PUT", "/connectors/{connector}/config", Need.CREATE_OR_ALTER, connectors::configure),
                new Route("PATCH", "/connectors/{connector}/config", Need.ALTER, connectors::patch),
                new Route("GET", "/connectors/{connector}/topics", Need.DESCRIBE, connectors::topics),
                new Route("PUT", "/connectors/{connector}/topics/reset", Need.ALTER, connectors::resetTopics),
                new Route("GET", "/connectors/{connector}/tasks", Need.DESCRIBE, connectors::tasks),
                new Route("GET", "/connectors/{connector}/status", Need.DESCRIBE, connectors::status),
                new Route("PUT", "/connectors/{connector}/pause", Need.ALTER, connectors::pause),
                new Route("PUT", "/connectors/{connector}/resume", Need.ALTER, connectors::resume),
                new Route("PUT", "/connectors/{connector}/stop", Need.ALTER, connectors::stop),
                new Route("POST", "/connectors/{connector}/restart", Need.ALTER, connectors::restart),
                new Route("GET", "/connectors/{connector}/tasks/{task}/status", Need.DESCRIBE, connectors::taskStatus),
                new Route("POST", "/connectors/{connector}/tasks/{task}/restart", Need.ALTER, connectors::restartTask),
                new Route("GET", "/connectors/{connector}/offsets", Need.DESCRIBE, connectors::offsets),
                new Route("PATCH", "/connectors/{connector}/offsets", Need.ALTER, connectors::alterOffsets),
                new Route("DELETE", "/connectors/{connector}/offsets", Need.ALTER, connectors::resetOffsets),
                new Route("GET", "/connector-plugins", Need.SEE_PLUGINS, plugins::list),
                new Route("GET", "/connector-plugins/{plugin}/config", Need.SEE_PLUGINS, plugins::definition),
                new Route("PUT", "/connector-plugins/{plugin}/config/validate", Need.TRY_PLUGINS, plugins::validate),
                new Route("GET", "/admin/loggers", Need.SEE_WORKER, loggers::list),
                new Route("GET", "/admin/loggers/{logger}", Need.SEE_WORKER, loggers::level),
                new Route("PUT", "/admin/loggers/{logger}", Need.CHANGE_WORKER, loggers::setLevel));
    }

    /** All of them. */
    List<Route> table() {
        return table;
    }

    /** Where a request goes, what it needs, and the names in its path. */
    record Match(Need need, Route.Handler handler, Map<String, String> names) {
        private static Match nowhere(RuntimeException why) {
            return new Match(
                    Need.PRINCIPAL,
                    request -> {
                        throw why;
                    },
                    Map.of());
        }
    }

    /**
     * Finds the route of a path, percent-encoded, and a method; HEAD goes where GET does. What is not there is one too, so that
     * only those hear of it who are known.
     */
    Match match(String method, String path) {
        String wanted = method.equals("HEAD") ? "GET" : method;
        TreeSet<String> others = new TreeSet<>();
        for (Route route : table) {
            Map<String, String> names = route.match(path);
            if (names != null && route.method().equals(wanted)) {
                return new Match(route.need(), route.handler(), names);
            } else if (names != null) {
                others.add(route.method());
            }
        }
        if (others.isEmpty()) {
            return Match.nowhere(new NotFoundException("HTTP 404 Not Found: there is nothing at " + path));
        }
        if (others.contains("GET")) {
            others.add("HEAD");
        }
        return Match.nowhere(new WrongMethod(String.join(", ", others)));
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
