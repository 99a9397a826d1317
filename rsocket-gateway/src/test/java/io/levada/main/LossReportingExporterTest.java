package io.levada.main;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.net.URI;
import java.util.Collection;
import java.util.Collections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class LossReportingExporterTest {
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(LossReportingExporter.class);

    @BeforeEach
    void listen() {
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(log);
    }

    /** A collector that answers so to everything. */
    private static SpanExporter collector(CompletableResultCode answer) {
        return new SpanExporter() {
            @Override
            public CompletableResultCode export(Collection<SpanData> spans) {
                return answer;
            }

            @Override
            public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode shutdown() {
                return CompletableResultCode.ofSuccess();
            }
        };
    }

    private void export(CompletableResultCode answer) {
        SpanExporter exporter = new LossReportingExporter(collector(answer), URI.create("http://collector/v1/traces"));
        for (int i = 0; i < 100; i++) {
            exporter.export(Collections.emptyList());
        }
    }

    @Test
    void what_is_not_taken_is_told_once_a_minute() {
        export(CompletableResultCode.ofFailure());
        assertEquals(1, log.list.size());
        String line = log.list.get(0).getFormattedMessage();
        assertTrue(line.contains("spans were dropped, as http://collector/v1/traces did not take them"), line);
    }

    @Test
    void what_is_taken_is_not_told() {
        export(CompletableResultCode.ofSuccess());
        assertEquals(0, log.list.size());
    }
}
