package io.levada.connect.rest;

import java.util.Locale;
import java.util.Set;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.rest.entities.LoggerLevel;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.jspecify.annotations.Nullable;

/** What is logged, as Kafka's {@code LoggingResource}. */
final class LoggerRoutes {
    /** Log4j's, which are those that Kafka Connect takes. */
    private static final Set<String> LEVELS = Set.of("OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL");

    private final Herder herder;

    LoggerRoutes(Herder herder) {
        this.herder = herder;
    }

    Answer list(Request request) {
        return Answer.ok(herder.allLoggerLevels());
    }

    Answer level(Request request) {
        String logger = request.name("logger");
        @Nullable LoggerLevel level = herder.loggerLevel(logger);
        if (level == null) {
            throw new NotFoundException("Logger " + logger + " not found.");
        }
        return Answer.ok(level);
    }

    /** Of this worker, or of all with {@code scope=cluster}; any other scope is this worker, as in Kafka Connect. */
    Answer setLevel(Request request) {
        @Nullable String level = request.strings().get("level");
        if (level == null) {
            throw new BadRequestException("Desired 'level' parameter was not specified in request.");
        } else if (!LEVELS.contains(level.strip().toUpperCase(Locale.ROOT))) {
            throw new NotFoundException("invalid log level '" + level + "'.");
        }
        if (request.first("scope", "worker").equalsIgnoreCase("cluster")) {
            herder.setClusterLoggerLevel(request.name("logger"), level);
            return Answer.noContent();
        }
        return Answer.ok(herder.setWorkerLoggerLevel(request.name("logger"), level));
    }
}
