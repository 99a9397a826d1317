package io.levada.connect.rest;

import com.fasterxml.jackson.core.type.TypeReference;
import io.levada.access.Operation;
import io.levada.access.ResourceType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.errors.NotFoundException;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.Herder.Created;
import org.apache.kafka.connect.runtime.RestartRequest;
import org.apache.kafka.connect.runtime.rest.entities.ActiveTopicsInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo;
import org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest;
import org.apache.kafka.connect.runtime.rest.entities.Message;
import org.apache.kafka.connect.runtime.rest.entities.TaskInfo;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connectors, their tasks, states and offsets, as in Kafka's {@code ConnectorsResource}. */
final class ConnectorRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectorRoutes.class);
    static final TypeReference<CreateConnectorRequest> CREATE = new TypeReference<>() {};
    private static final TypeReference<ConnectorOffsets> OFFSETS = new TypeReference<>() {};

    private final Herder herder;
    private final HerderCalls calls;

    ConnectorRoutes(Herder herder, HerderCalls calls) {
        this.herder = herder;
        this.calls = calls;
    }

    Answer list(Request request) {
        List<String> seen = herder.connectors().stream()
                .filter(each -> request.rights().allow(Operation.DESCRIBE, ResourceType.CONNECTOR, each))
                .toList();
        List<String> expansions = request.all("expand");
        if (expansions.isEmpty()) {
            return Answer.ok(seen);
        }
        Map<String, Map<String, Object>> expanded = new LinkedHashMap<>();
        for (String connector : seen) {
            try {
                expanded.put(connector, expanded(connector, expansions));
            } catch (NotFoundException e) {
                LOG.debug("{} was deleted while it was looked at", connector);
            }
        }
        return Answer.ok(expanded);
    }

    private Map<String, Object> expanded(String connector, List<String> expansions) {
        Map<String, Object> parts = new LinkedHashMap<>();
        for (String expansion : expansions) {
            switch (expansion) {
                case "status" -> parts.put(expansion, herder.connectorStatus(connector));
                case "info" -> parts.put(expansion, herder.connectorInfo(connector));
                default -> LOG.debug("there is no expansion other than status and info");
            }
        }
        return parts;
    }

    /** What a connector is to be called; empty for one without a name, which its validation refuses. */
    static String named(CreateConnectorRequest wanted) {
        return wanted.name() == null ? "" : wanted.name().trim();
    }

    Answer create(Request request) throws Throwable {
        CreateConnectorRequest wanted = request.body(CREATE);
        String name = named(wanted);
        Map<String, String> config = wanted.config();
        if (config == null) {
            throw new BadRequestException("The request has no 'config'; give the connector's settings in it");
        }
        setName(name, config);
        Created<ConnectorInfo> made =
                calls.await(done -> herder.putConnectorConfig(name, config, wanted.initialTargetState(), false, done));
        return Answer.created(name, made.result());
    }

    Answer describe(Request request) throws Throwable {
        return Answer.ok(calls.<ConnectorInfo>await(done -> herder.connectorInfo(request.connector(), done)));
    }

    Answer delete(Request request) throws Throwable {
        calls.<Created<ConnectorInfo>>await(done -> herder.deleteConnectorConfig(request.connector(), done));
        return Answer.noContent();
    }

    Answer config(Request request) throws Throwable {
        return Answer.ok(calls.<Map<String, String>>await(done -> herder.connectorConfig(request.connector(), done)));
    }

    Answer configure(Request request) throws Throwable {
        String name = request.connector();
        Map<String, String> config = request.strings();
        setName(name, config);
        // Who may make it and no more does not change one that somebody else has made meanwhile.
        boolean replaces = request.rights().allow(Operation.ALTER, ResourceType.CONNECTOR, name);
        Created<ConnectorInfo> made = calls.await(done -> herder.putConnectorConfig(name, config, replaces, done));
        return made.created() ? Answer.created(name, made.result()) : Answer.ok(made.result());
    }

    Answer patch(Request request) throws Throwable {
        Map<String, String> changes = request.strings();
        Created<ConnectorInfo> changed =
                calls.await(done -> herder.patchConnectorConfig(request.connector(), changes, done));
        return Answer.ok(changed.result());
    }

    Answer topics(Request request) {
        ActiveTopicsInfo topics = herder.connectorActiveTopics(request.connector());
        return Answer.ok(Map.of(topics.connector(), topics));
    }

    Answer resetTopics(Request request) {
        herder.resetConnectorActiveTopics(request.connector());
        return Answer.accepted();
    }

    Answer tasks(Request request) throws Throwable {
        return Answer.ok(calls.<List<TaskInfo>>await(done -> herder.taskConfigs(request.connector(), done)));
    }

    Answer status(Request request) {
        return Answer.ok(herder.connectorStatus(request.connector()));
    }

    Answer pause(Request request) {
        herder.pauseConnector(request.connector());
        return Answer.accepted();
    }

    Answer resume(Request request) {
        herder.resumeConnector(request.connector());
        return Answer.accepted();
    }

    Answer stop(Request request) throws Throwable {
        calls.<Void>await(done -> herder.stopConnector(request.connector(), done));
        return Answer.noContent();
    }

    Answer restart(Request request) throws Throwable {
        RestartRequest restart = new RestartRequest(
                request.connector(), request.flag("onlyFailed", false), request.flag("includeTasks", false));
        if (restart.forceRestartConnectorOnly()) {
            calls.<Void>await(done -> herder.restartConnector(restart.connectorName(), done));
            return Answer.noContent();
        }
        return Answer.of(202, calls.<ConnectorStateInfo>await(done -> herder.restartConnectorAndTasks(restart, done)));
    }

    Answer taskStatus(Request request) {
        return Answer.ok(herder.taskStatus(request.task()));
    }

    Answer restartTask(Request request) throws Throwable {
        ConnectorTaskId task = request.task();
        calls.<Void>await(done -> herder.restartTask(task, done));
        return Answer.noContent();
    }

    Answer offsets(Request request) throws Throwable {
        return Answer.ok(calls.<ConnectorOffsets>await(done -> herder.connectorOffsets(request.connector(), done)));
    }

    Answer alterOffsets(Request request) throws Throwable {
        ConnectorOffsets offsets = request.body(OFFSETS);
        if (offsets.offsets() == null
                || offsets.offsets().isEmpty()
                || offsets.offsets().contains(null)) {
            throw new BadRequestException("Partitions / offsets need to be provided for an alter offsets request");
        }
        return Answer.ok(
                calls.<Message>await(done -> herder.alterConnectorOffsets(request.connector(), offsets.toMap(), done)));
    }

    Answer resetOffsets(Request request) throws Throwable {
        return Answer.ok(calls.<Message>await(done -> herder.resetConnectorOffsets(request.connector(), done)));
    }

    /** Puts the name into the settings, or fails if another one is there. */
    private static void setName(String name, Map<String, String> config) {
        String included = config.get(ConnectorConfig.NAME_CONFIG);
        if (included != null && !included.equals(name)) {
            throw new BadRequestException("Connector name configuration (" + included
                    + ") doesn't match connector name in the URL (" + name + ")");
        }
        config.put(ConnectorConfig.NAME_CONFIG, name);
    }
}
