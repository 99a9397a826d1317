package io.levada.connect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.connect.runtime.isolation.PluginDiscoveryMode;
import org.apache.kafka.connect.runtime.isolation.PluginScanResult;
import org.apache.kafka.connect.runtime.isolation.PluginSource;
import org.apache.kafka.connect.runtime.isolation.PluginType;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.runtime.isolation.ReflectionScanner;
import org.apache.kafka.connect.runtime.isolation.ServiceLoaderScanner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plugins, each in a loader of its own, found by their manifests, which takes a moment; of those that have none, older ones mostly, all
 * classes are looked at, which takes its time for these alone. Another {@code plugin.discovery} than {@code service_load} is as in Kafka
 * Connect.
 */
final class PluginDirectories extends Plugins {
    private static final Logger log = LoggerFactory.getLogger(PluginDirectories.class);

    PluginDirectories(Map<String, String> settings) {
        super(settings);
    }

    /** Called while this is made, by what it extends. */
    @Override
    public PluginScanResult initLoaders(Set<PluginSource> sources, PluginDiscoveryMode mode) {
        if (mode != PluginDiscoveryMode.SERVICE_LOAD) {
            return super.initLoaders(sources, mode);
        }
        Set<PluginSource> without =
                sources.stream().filter(source -> !namesConnectors(source)).collect(Collectors.toSet());
        without.forEach(source -> log.info("{} has no manifest of connectors; its classes are looked at", source));
        PluginScanResult found = new PluginScanResult(List.of(
                new ServiceLoaderScanner().discoverPlugins(sources), new ReflectionScanner().discoverPlugins(without)));
        delegatingLoader().installDiscoveredPlugins(found);
        return found;
    }

    /** Whether it has a manifest of what most plugins are; a library in it may have one of something else. */
    private static boolean namesConnectors(PluginSource source) {
        return !source.isolated()
                || !(source.loader() instanceof URLClassLoader loader)
                || hasManifest(loader, PluginType.SOURCE)
                || hasManifest(loader, PluginType.SINK);
    }

    private static boolean hasManifest(URLClassLoader loader, PluginType type) {
        try {
            return loader.findResources("META-INF/services/" + type.superClass().getName())
                    .hasMoreElements();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
