package io.levada.connect;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter;
import org.apache.kafka.connect.runtime.errors.ErrorHandlingMetrics;
import org.apache.kafka.connect.runtime.errors.ErrorReporter;
import org.apache.kafka.connect.runtime.errors.ProcessingContext;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a sink's records go that nothing can be done with: as they were read, and why in headers, which are named as in
 * {@link DeadLetterQueueReporter}.
 */
final class DeadLetterTopic implements ErrorReporter<ConsumerRecord<byte[], byte[]>> {
    private static final Logger log = LoggerFactory.getLogger(DeadLetterTopic.class);

    private final LevadaProducer producer;
    private final String topic;
    private final boolean headers;
    private final ConnectorTaskId task;
    private final ErrorHandlingMetrics metrics;

    DeadLetterTopic(
            LevadaProducer producer, SinkConnectorConfig config, ConnectorTaskId task, ErrorHandlingMetrics metrics) {
        this.producer = producer;
        this.topic = config.dlqTopicName().trim();
        this.headers = config.isDlqContextHeadersEnabled();
        this.task = task;
        this.metrics = metrics;
    }

    @Override
    public Future<RecordMetadata> report(ProcessingContext<ConsumerRecord<byte[], byte[]>> context) {
        metrics.recordDeadLetterQueueProduceRequest();
        ConsumerRecord<byte[], byte[]> record = context.original();
        if (record == null) {
            metrics.recordDeadLetterQueueProduceFailed();
            return CompletableFuture.completedFuture(null);
        }
        Headers told = new RecordHeaders(record.headers());
        if (headers) {
            tell(told, context, record);
        }
        Long timestamp = record.timestamp() < 0 ? null : record.timestamp();
        return producer.send(
                new ProducerRecord<>(topic, null, timestamp, record.key(), record.value(), told), (place, error) -> {
                    if (error != null) {
                        metrics.recordDeadLetterQueueProduceFailed();
                        log.error("{} cannot be written to topic {}: {}", task, topic, error.getMessage());
                    }
                });
    }

    private void tell(
            Headers told,
            ProcessingContext<ConsumerRecord<byte[], byte[]>> context,
            ConsumerRecord<byte[], byte[]> record) {
        add(told, DeadLetterQueueReporter.ERROR_HEADER_ORIG_TOPIC, record.topic());
        add(told, DeadLetterQueueReporter.ERROR_HEADER_ORIG_PARTITION, String.valueOf(record.partition()));
        add(told, DeadLetterQueueReporter.ERROR_HEADER_ORIG_OFFSET, String.valueOf(record.offset()));
        add(told, DeadLetterQueueReporter.ERROR_HEADER_CONNECTOR_NAME, task.connector());
        add(told, DeadLetterQueueReporter.ERROR_HEADER_TASK_ID, String.valueOf(task.task()));
        add(told, DeadLetterQueueReporter.ERROR_HEADER_STAGE, context.stage().name());
        add(
                told,
                DeadLetterQueueReporter.ERROR_HEADER_EXECUTING_CLASS,
                context.executingClass().getName());
        Throwable error = context.error();
        if (error != null) {
            add(
                    told,
                    DeadLetterQueueReporter.ERROR_HEADER_EXCEPTION,
                    error.getClass().getName());
            add(told, DeadLetterQueueReporter.ERROR_HEADER_EXCEPTION_MESSAGE, error.getMessage());
            add(told, DeadLetterQueueReporter.ERROR_HEADER_EXCEPTION_STACK_TRACE, Traces.of(error));
        }
    }

    private static void add(Headers headers, String name, @Nullable String value) {
        headers.add(name, value == null ? null : value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        producer.close();
    }
}
