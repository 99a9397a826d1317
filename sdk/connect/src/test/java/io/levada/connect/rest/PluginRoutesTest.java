package io.levada.connect.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.runtime.rest.entities.ConfigInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConfigInfos;
import org.apache.kafka.connect.runtime.rest.entities.ConfigKeyInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConfigValueInfo;
import org.apache.kafka.connect.runtime.rest.errors.BadRequestException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plugins over HTTP, by {@code ConnectorPluginsResource} and the entities of connect-runtime 4.3.1. */
@Timeout(60)
final class PluginRoutesTest {
    private static final ConfigKeyInfo KEY = new ConfigKeyInfo(
            "file", "STRING", true, "", "HIGH", "Where lines come from.", "Files", 1, "LONG", "File", List.of("topic"));
    private static final String KEY_JSON = """
            {"name": "file", "type": "STRING", "required": true, "default_value": "", "importance": "HIGH",
             "documentation": "Where lines come from.", "group": "Files", "order_in_group": 1, "width": "LONG",
             "display_name": "File", "dependents": ["topic"]}""";
    private static final ConfigInfos INFOS = new ConfigInfos(
            "FileStreamSource",
            1,
            List.of("Files"),
            List.of(new ConfigInfo(KEY, new ConfigValueInfo("file", null, List.of("a"), List.of("missing"), true))));
    private static final String INFOS_JSON = """
            {"name": "FileStreamSource", "error_count": 1, "groups": ["Files"], "configs": [{"definition": %s,
             "value": {"name": "file", "value": null, "recommended_values": ["a"], "errors": ["missing"],
                       "visible": true}}]}""".formatted(KEY_JSON);

    private static final String VALIDATE = "/connector-plugins/FileStreamSource/config/validate";

    private final Served rest = new Served();

    @AfterEach
    void stop() {
        rest.close();
    }

    @Test
    void lists_connectors_unless_all_is_asked_for() {
        rest.herder.returns("plugins", new Plugins(Map.of("plugin.discovery", "service_load")));

        JsonNode connectors =
                Served.json(rest.send("GET", "/connector-plugins", "").body());
        JsonNode all = Served.json(
                rest.send("GET", "/connector-plugins?connectorsOnly=false", "").body());

        assertEquals(Set.of("source", "sink"), types(connectors));
        assertTrue(
                types(all)
                        .containsAll(Set.of(
                                "source", "sink", "converter", "header_converter", "transformation", "predicate")),
                types(all).toString());
        assertTrue(StreamSupport.stream(connectors.spliterator(), false).anyMatch(Served.json("""
                        {"class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "type": "sink",
                         "version": "4.3.1"}""")::equals));
        assertEquals(
                400,
                rest.send("GET", "/connector-plugins?connectorsOnly=all", "").statusCode());
    }

    private static Set<String> types(JsonNode plugins) {
        Set<String> types = new TreeSet<>();
        plugins.forEach(plugin -> types.add(plugin.path("type").asText()));
        return types;
    }

    @ParameterizedTest
    @CsvSource({"'', null", "?version=latest, null", "?version=4.3.1, '[4.3.1,4.3.1]'", "'?version=%5B1,2)', '[1,2)'"})
    void tells_how_a_plugin_may_be_set(String query, String range) {
        rest.herder.returns("connectorPluginConfig", List.of(KEY));

        rest.expect("GET", "/connector-plugins/FileStreamSource/config" + query, "", 200, "[%s]".formatted(KEY_JSON));

        assertEquals(List.of("connectorPluginConfig[FileStreamSource, " + range + "]"), rest.herder.calls());
    }

    @Test
    void a_version_that_is_none_is_refused() {
        assertEquals(
                "Invalid version specification: [1",
                rest.expectError("GET", "/connector-plugins/FileStreamSource/config?version=%5B1", "", 400));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"file\": \"\"}",
                "{\"connector.class\": \"FileStreamSource\"}",
                "{\"connector.class\": \"org.apache.kafka.connect.file.FileStreamSourceConnector\"}"
            })
    void validates_settings_without_logging_them(String body) {
        rest.herder.returns("validateConnectorConfig", INFOS);

        rest.expect("PUT", VALIDATE, body, 200, INFOS_JSON);

        assertTrue(
                rest.herder.calls().get(0).endsWith(", false]"),
                rest.herder.calls().toString());
    }

    @Test
    void settings_of_another_plugin_are_refused() {
        assertEquals(
                "Included connector type FileStreamSink does not match request type FileStreamSource",
                rest.expectError("PUT", VALIDATE, "{\"connector.class\": \"FileStreamSink\"}", 400));
        assertEquals(List.of(), rest.herder.calls());
    }

    @Test
    void settings_that_cannot_even_be_validated_are_the_clients_fault() {
        rest.herder.fails("validateConnectorConfig", new BadRequestException("contains no connector type"));

        assertEquals("contains no connector type", rest.expectError("PUT", VALIDATE, "{}", 400));
    }
}
