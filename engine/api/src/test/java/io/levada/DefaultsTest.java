package io.levada;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Records every default and every bound that callers meet, so that none changes unnoticed. */
class DefaultsTest {
    private final LevadaOptions options = LevadaOptions.defaults();

    @Test
    void options_have_these_defaults() {
        assertEquals(16_384, options.publishWindowRecords());
        assertEquals(65_536, options.batchBytes());
        assertEquals(4 << 20, options.readWindowBytes());
        assertEquals(Compression.NONE, options.compression());
        assertEquals(Duration.ofSeconds(10), options.connectTimeout());
        assertEquals(Duration.ofMinutes(2), options.reconnectTimeout());
        assertNull(options.producerName());
        assertEquals(new LevadaOptions.Security(null, false, null, null, null), options.security());
    }

    @Test
    void options_have_these_bounds() {
        options.withPublishWindowRecords(1).withPublishWindowRecords(1_000_000);
        options.withBatchBytes(1 << 10).withBatchBytes(1 << 20);
        options.withReadWindowBytes(1 << 16).withReadWindowBytes(1 << 30);

        assertRefused(() -> options.withPublishWindowRecords(0));
        assertRefused(() -> options.withPublishWindowRecords(1_000_001));
        assertRefused(() -> options.withBatchBytes((1 << 10) - 1));
        assertRefused(() -> options.withBatchBytes((1 << 20) + 1));
        assertRefused(() -> options.withReadWindowBytes((1 << 16) - 1));
        assertRefused(() -> options.withReadWindowBytes((1 << 30) + 1));
        options.withReconnectTimeout(Duration.ZERO);
        options.withProducerName("a-1");
        assertRefused(() -> options.withProducerName("a b"));
        assertRefused(() -> options.withClientCertificate("certificate.pem", null));
        assertRefused(() -> options.withConnectTimeout(Duration.ZERO));
        assertRefused(() -> options.withReconnectTimeout(Duration.ofMillis(-1)));
    }

    @Test
    void options_change_one_thing_at_a_time() {
        LevadaOptions changed = options.withBatchBytes(2_048)
                .withCompression(Compression.LZ4)
                .withTokenFile("f")
                .withProducerName("p");

        assertEquals(2_048, changed.batchBytes());
        assertEquals(Compression.LZ4, changed.compression());
        assertEquals("f", changed.security().tokenFile());
        assertEquals("p", changed.producerName());
        assertEquals(options.publishWindowRecords(), changed.publishWindowRecords());
        assertEquals(
                new LevadaOptions.Security("f", true, "ca", "certificate", "key"),
                changed.withTokenInPlainText(true)
                        .withTrustedCertificates("ca")
                        .withClientCertificate("certificate", "key")
                        .security());
    }

    @Test
    void a_member_starts_at_the_commit_and_a_read_at_the_earliest_record_without_end() {
        assertEquals(Position.committed(), MemberOptions.defaults().from());
        assertNull(MemberOptions.defaults().memberName());
        assertEquals(
                new ReadSpec("t", null, Position.earliest(), End.never(), null, Overflow.pause()), ReadSpec.of("t"));
    }

    @Test
    void a_topic_has_one_partition_and_one_copy() {
        assertEquals(new TopicSpec("t", 1, 1, Map.of()), TopicSpec.of("t"));
    }

    @Test
    void names_are_of_letters_digits_dots_dashes_and_underscores() {
        assertTrue(TopicSpec.isName("a"));
        assertTrue(TopicSpec.isName("A-z_0.9"));
        assertTrue(TopicSpec.isName("x".repeat(200)));
        assertFalse(TopicSpec.isName("x".repeat(201)));
        assertFalse(TopicSpec.isName(""));
        assertFalse(TopicSpec.isName("."));
        assertFalse(TopicSpec.isName(".."));
        assertFalse(TopicSpec.isName("a/b"));
        assertFalse(TopicSpec.isName("ä"));
        assertFalse(TopicSpec.isName("a b"));
    }

    @Test
    void an_unknown_address_is_refused() {
        LevadaException error = assertThrows(LevadaException.class, () -> Levada.open("gopher://host"));

        assertEquals(ErrorCode.INVALID_REQUEST, error.code());
        assertTrue(error.line().startsWith("INVALID_REQUEST: "), error.line());
    }

    private static void assertRefused(Runnable action) {
        assertEquals(
                ErrorCode.INVALID_REQUEST,
                assertThrows(LevadaException.class, action::run).code());
    }
}
