package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.gateway.GatewayLimits;
import io.levada.main.Settings.Given;
import io.levada.testgate.FuzzGate;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.TypeConversionException;

/**
 * Whatever stands in a file of settings: it is refused in one line that says where, or gives names the values that are written
 * there, each of which is within the bounds of what it is for, or refused as that.
 */
class SettingsFuzzTest {
    private static final Path FILE = Path.of("levada.yaml");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final FuzzGate gate = new FuzzGate();

    @FuzzTest
    void a_setting_is_refused_or_within_bounds(byte[] input) throws IOException {
        String text = new String(input, StandardCharsets.UTF_8);
        value(text);
        Map<String, Given> settings = read(text);
        if (settings != null) {
            settings.values().forEach(given -> {
                assertFalse(given.values().isEmpty());
                given.values().forEach(SettingsFuzzTest::value);
            });
            again(settings);
        }
        gate.settled();
    }

    private static @Nullable Map<String, Given> read(String text) throws IOException {
        try {
            return SettingsFile.read(FILE, new StringReader(text));
        } catch (SettingsFile.Unusable e) {
            assertTrue(e.getMessage().startsWith("levada.yaml:"), e.getMessage());
            return null;
        }
    }

    /** Written as JSON, which is YAML, each value between quotes, it says the same. */
    private static void again(Map<String, Given> settings) throws IOException {
        ObjectNode file = JSON.createObjectNode();
        settings.forEach((name, given) -> {
            if (given.values().size() == 1) {
                file.put(name, given.values().get(0));
            } else {
                given.values().forEach(file.putArray(name)::add);
            }
        });
        Map<String, Given> again = read(file.toString());
        if (again != null) {
            assertEquals(settings.keySet(), again.keySet());
            settings.forEach((name, given) -> assertEquals(
                    given.values(),
                    again.get(name) == null ? List.of() : again.get(name).values()));
        }
    }

    private static void value(String text) {
        Integer port = orRefused(new ValueKind.Port(), text);
        assertTrue(port == null || (port >= 0 && port <= 65_535));
        Integer streams = orRefused(new LimitOptions.Streams(), text);
        assertTrue(streams == null || (streams >= 1 && streams <= GatewayLimits.MOST_STREAMS));
        Long frame = orRefused(new LimitOptions.FrameBytes(), text);
        assertTrue(frame == null
                || (frame >= GatewayLimits.LEAST_FRAME_BYTES && frame <= GatewayLimits.LARGEST_FRAME_BYTES));
        Duration setup = orRefused(new LimitOptions.SetupTime(), text);
        assertTrue(setup == null || (!setup.isZero() && setup.compareTo(GatewayLimits.LONGEST_SETUP) <= 0));
        String origin = orRefused(new ValueKind.Origin(), text);
        assertTrue(origin == null || (origin.startsWith("http") && !origin.endsWith("/") && origin.indexOf('@') < 0));
        String host = orRefused(new ValueKind.HostName(), text);
        assertTrue(host == null || (host.indexOf(':') < 0 && host.indexOf('/') < 0 && host.length() <= 253));
        Long rate = orRefused(new AccessOptions.RateBytes(), text);
        assertTrue(rate == null || rate >= 1 << 10);
    }

    private static <T> @Nullable T orRefused(ValueKind<T> kind, String text) {
        try {
            return kind.convert(text);
        } catch (TypeConversionException e) {
            return null;
        }
    }
}
