package io.levada.connect.rest;

import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.Herder;
import org.apache.kafka.connect.runtime.isolation.PluginDesc;
import org.apache.kafka.connect.runtime.isolation.PluginType;
import org.apache.kafka.connect.runtime.isolation.PluginUtils;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.runtime.rest.entities.ConfigInfos;
import org.apache.kafka.connect.runtime.rest.entities.PluginInfo;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.apache.maven.artifact.versioning.InvalidVersionSpecificationException;
import org.jspecify.annotations.Nullable;

/** What is installed and how it may be set, as Kafka's {@code ConnectorPluginsResource}. */
final class PluginRoutes {
    private static final Set<PluginType> CONNECTORS = EnumSet.of(PluginType.SINK, PluginType.SOURCE);
    private static final String CONNECTOR = "Connector";

    private final Herder herder;
    private final HerderCalls calls;

    PluginRoutes(Herder herder, HerderCalls calls) {
        this.herder = herder;
        this.calls = calls;
    }

    Answer list(Request request) {
        boolean connectorsOnly = request.flag("connectorsOnly", true);
        Plugins plugins = herder.plugins();
        Set<PluginInfo> listed = new LinkedHashSet<>();
        Stream.<Collection<? extends PluginDesc<?>>>of(
                        plugins.sinkConnectors(),
                        plugins.sourceConnectors(),
                        plugins.transformations(),
                        plugins.predicates(),
                        plugins.converters(),
                        plugins.headerConverters())
                .flatMap(Collection::stream)
                .filter(plugin -> !connectorsOnly || CONNECTORS.contains(plugin.type()))
                .forEach(plugin -> listed.add(new PluginInfo(plugin)));
        return Answer.ok(listed);
    }

    Answer definition(Request request) {
        String version = request.first("version", "latest");
        try {
            return Answer.ok(herder.connectorPluginConfig(
                    request.name("plugin"), PluginUtils.connectorVersionRequirement(version)));
        } catch (InvalidVersionSpecificationException e) {
            throw new BadRequestException("Invalid version specification: " + version, e);
        }
    }

    Answer validate(Request request) throws Throwable {
        Map<String, String> config = request.strings();
        String plugin = request.name("plugin");
        @Nullable String included = config.get(ConnectorConfig.CONNECTOR_CLASS_CONFIG);
        if (included != null && !alias(included).endsWith(alias(plugin))) {
            throw new BadRequestException(
                    "Included connector type " + included + " does not match request type " + plugin);
        }
        // The settings are not logged: they may hold what is secret.
        return Answer.ok(calls.<ConfigInfos>await(done -> herder.validateConnectorConfig(config, done, false)));
    }

    /** A class's name without what all connectors' names end with, so that both spellings are one. */
    private static String alias(String plugin) {
        return plugin.endsWith(CONNECTOR) && plugin.length() > CONNECTOR.length()
                ? plugin.substring(0, plugin.length() - CONNECTOR.length())
                : plugin;
    }
}
