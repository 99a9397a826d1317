package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is an address of a cluster, and what its file says. */
final class ClusterAddressTest {
    @TempDir
    private Path directory = Path.of("");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "kafka://a:9092|a:9092",
                "kafka://a:9092/|a:9092",
                "kafka://127.0.0.1:1,b-2.example:65535|127.0.0.1:1,b-2.example:65535",
                "kafka://[::1]:9092|[::1]:9092",
                "kafka://[2001:db8::1]:9092,[::ffff:1.2.3.4]:9093,c:1|[2001:db8::1]:9092,[::ffff:1.2.3.4]:9093,c:1",
            })
    void brokers_are_as_they_are_written(String address, String servers) {
        assertEquals(new ClusterAddress(servers, Map.of()), ClusterAddress.parse(address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "kafka:",
                "kafka://",
                "kafka://a",
                "kafka://a:",
                "kafka://a:port",
                "kafka://a:123456",
                "kafka://:9092",
                "kafka://a:1,",
                "kafka://,a:1",
                "kafka://a:1,,b:1",
                "kafka://a:1, b:1",
                "kafka://::1:9092",
                "kafka://[::1:9092",
                "kafka://[::1]",
                "kafka://[g::1]:9092",
                "kafka://a:1/topic",
                "kafka://a:1?properties=",
                "kafka://a:1?property=f",
                "kafka://a:1#f",
                "KAFKA://a:1",
                " kafka://a:1",
            })
    void another_form_is_refused_with_the_one_there_is(String address) {
        LevadaException error = assertThrows(LevadaException.class, () -> ClusterAddress.parse(address));
        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        assertTrue(error.line().contains("kafka://HOST:PORT"), error.line());
    }

    @Test
    void settings_are_those_of_the_file_as_kafkas_tools_read_it() throws IOException {
        Path file = directory.resolve("a b.properties");
        Files.writeString(
                file,
                "# a comment\nsecurity.protocol=SASL_SSL\nclient.rack : z\u00fcrich\nsasl.jaas.config=a \\\n  b;\nempty=\n",
                StandardCharsets.UTF_8);
        Map<String, String> settings = Map.of(
                "security.protocol", "SASL_SSL", "client.rack", "z\u00fcrich", "sasl.jaas.config", "a b;", "empty", "");
        assertEquals(
                new ClusterAddress("a:1,[::1]:2", settings),
                ClusterAddress.parse("kafka://a:1,[::1]:2?properties=" + file));
        assertEquals(
                settings,
                ClusterAddress.parse("kafka://a:1/?properties=" + file).settings());
    }

    @Test
    void a_file_that_cannot_be_read_is_named() throws IOException {
        Path broken = Files.writeString(directory.resolve("broken"), "a=\\u12");
        Path latin = Files.write(directory.resolve("latin"), "a=\u00fc".getBytes(StandardCharsets.ISO_8859_1));
        for (Path file : new Path[] {directory.resolve("none"), directory, broken, latin}) {
            LevadaException error =
                    assertThrows(LevadaException.class, () -> ClusterAddress.parse("kafka://a:1?properties=" + file));
            assertEquals(ErrorCode.INVALID_REQUEST, error.code());
            assertTrue(error.line().contains(file.toString()), error.line());
        }
        assertThrows(LevadaException.class, () -> ClusterAddress.parse("kafka://a:1?properties=a\0b"));
    }
}
