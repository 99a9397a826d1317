package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What is in the one jar stands in its list. What is in it is told from its bytes: a jar of the class path that has an entry
 * in common with it was put into it, whatever Maven says. Runs once both are made, in {@code mvn verify}.
 */
@Tag("jar")
class SbomTest {
    private static final Path JAR = Path.of("target/levada.jar");
    private static final Path SBOM = Path.of("target/levada-sbom.json");

    /** SHA-256 by name, of every library listed. */
    private static Map<String, String> listed = Map.of();

    /** The same of every jar that was put into the one. */
    private static Map<String, String> shaded = Map.of();

    @BeforeAll
    static void look() throws Exception {
        if (!Files.exists(SBOM)) {
            String why = "SKIPPED: there is no " + SBOM
                    + "; Maven was offline, and the plugin that makes it wants not to be";
            System.err.println(why);
            Assumptions.abort(why);
        }
        listed = listed();
        shaded = shaded();
    }

    private static Map<String, String> listed() throws IOException {
        Map<String, String> found = new TreeMap<>();
        for (JsonNode component : new ObjectMapper().readTree(SBOM.toFile()).path("components")) {
            String name = component.path("name").asText() + "-"
                    + component.path("version").asText();
            String classifier = component.path("purl").asText().replaceAll(".*[?&]classifier=([^&]+).*|.*", "$1");
            for (JsonNode hash : component.path("hashes")) {
                if (hash.path("alg").asText().equals("SHA-256")) {
                    found.put(
                            name + (classifier.isEmpty() ? "" : "-" + classifier) + ".jar",
                            hash.path("content").asText());
                }
            }
        }
        return found;
    }

    private static Map<String, String> shaded() throws Exception {
        Set<String> inside = new HashSet<>(entries(JAR));
        Map<String, String> found = new TreeMap<>();
        for (String part : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path jar = Path.of(part);
            if (part.endsWith(".jar") && entries(jar).stream().anyMatch(inside::contains)) {
                byte[] sum = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(jar));
                found.put(jar.getFileName().toString(), HexFormat.of().formatHex(sum));
            }
        }
        return found;
    }

    /** Names of what is a jar's own; what many have alike says nothing. */
    private static Set<String> entries(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(JarEntry::getName)
                    .filter(name ->
                            !name.matches("META-INF/[^/]+|META-INF/(maven|services)/.*|(.*/)?module-info.class"))
                    .filter(name -> !name.matches("[^/]+|kafka/kafka-version.properties"))
                    .collect(Collectors.toSet());
        }
    }

    private static Set<String> unlisted(Map<String, String> there) {
        Set<String> missing = new TreeSet<>();
        shaded.forEach((name, sum) -> {
            if (!sum.equals(there.get(name))) {
                missing.add(name);
            }
        });
        return missing;
    }

    @Test
    void every_jar_that_is_inside_is_listed_with_its_sum() {
        assertTrue(shaded.size() > 40, shaded.keySet().toString());
        assertTrue(shaded.keySet().stream().anyMatch(name -> name.startsWith("netty-buffer-")), shaded.toString());
        assertEquals(
                Set.of(),
                unlisted(listed),
                "not in " + SBOM + "; where Maven was offline it is an old one: build once without -o");
    }

    @Test
    void nothing_is_listed_that_is_not_inside() {
        Set<String> more = new TreeSet<>(listed.keySet());
        more.removeAll(shaded.keySet());
        assertEquals(Set.of(), more, "in " + SBOM + " alone");
    }

    @Test
    void one_that_is_missing_or_another_one_is_noticed() {
        Map<String, String> without = new TreeMap<>(listed);
        String some = without.keySet().iterator().next();
        without.remove(some);
        assertEquals(Set.of(some), unlisted(without));
        without.put(some, "0".repeat(64));
        assertEquals(Set.of(some), unlisted(without));
    }

    @Test
    void the_list_says_nothing_of_when_it_was_made() throws IOException {
        JsonNode list = new ObjectMapper().readTree(SBOM.toFile());
        assertFalse(list.has("serialNumber"));
        assertFalse(list.path("metadata").has("timestamp"));
    }
}
