package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.source.SourceConnector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginDirectoriesTest {
    private final Path directory;

    PluginDirectoriesTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private void plugin(String name, boolean withManifest) throws IOException {
        Path jar = Files.createDirectories(directory.resolve(name)).resolve("plugin.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Class<?> each : List.of(CountingSource.class, CountingSource.Counter.class)) {
                String path = each.getName().replace('.', '/') + ".class";
                out.putNextEntry(new JarEntry(path));
                try (InputStream in = each.getClassLoader().getResourceAsStream(path)) {
                    out.write(in == null ? new byte[0] : in.readAllBytes());
                }
            }
            if (withManifest) {
                out.putNextEntry(new JarEntry("META-INF/services/" + SourceConnector.class.getName()));
                out.write(CountingSource.class.getName().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private Set<String> found(String discovery) {
        Plugins plugins =
                new PluginDirectories(Map.of("plugin.path", directory.toString(), "plugin.discovery", discovery));
        return plugins.sourceConnectors().stream()
                .filter(plugin -> plugin.className().equals(CountingSource.class.getName()))
                .map(plugin -> plugin.location().startsWith("file:")
                        ? Path.of(plugin.location()).getFileName().toString()
                        : plugin.location())
                .collect(Collectors.toSet());
    }

    @Test
    void finds_those_with_a_manifest_and_those_without() throws Exception {
        plugin("new", true);
        plugin("old", false);
        assertEquals(Set.of("new", "old", "classpath"), found("service_load"));
    }
}
