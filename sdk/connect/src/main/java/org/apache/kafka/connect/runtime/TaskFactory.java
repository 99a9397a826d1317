package org.apache.kafka.connect.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.internals.Plugin;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.connector.Connector;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.json.JsonConverterConfig;
import org.apache.kafka.connect.runtime.errors.ErrorHandlingMetrics;
import org.apache.kafka.connect.runtime.errors.ErrorReporter;
import org.apache.kafka.connect.runtime.errors.LogReporter;
import org.apache.kafka.connect.runtime.errors.RetryWithToleranceOperator;
import org.apache.kafka.connect.runtime.errors.WorkerErrantRecordReporter;
import org.apache.kafka.connect.runtime.isolation.LoaderSwap;
import org.apache.kafka.connect.runtime.isolation.PluginUtils;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.sink.SinkConnector;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.apache.kafka.connect.storage.CloseableOffsetStorageReader;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.storage.ConnectorOffsetBackingStore;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.storage.OffsetStorageReaderImpl;
import org.apache.kafka.connect.storage.OffsetStorageWriter;
import org.apache.kafka.connect.storage.StatusBackingStore;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.apache.kafka.connect.util.LoggingContext;
import org.apache.kafka.connect.util.TopicAdmin;
import org.apache.kafka.connect.util.TopicCreationGroup;
import org.apache.maven.artifact.versioning.InvalidVersionSpecificationException;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * Makes Connect's own tasks, as {@link Worker} does, but over whatever producer and consumer it is given. It is in this package
 * since the classes of the tasks are.
 *
 * <p>Safe for any thread.
 */
@NullMarked
public final class TaskFactory {
    private final Plugins plugins;
    private final WorkerConfig config;
    private final ConnectMetrics metrics;
    private final StatusBackingStore statuses;
    private final Executor closing;
    private final Converter offsetKeys;
    private final Converter offsetValues;

    /**
     * What a task is made of.
     *
     * @param connector the connector's configuration, with secrets
     * @param task the task's, with secrets
     * @param state as of the time at which they were so
     */
    public record TaskSpec(
            ConnectorTaskId id,
            Map<String, String> connector,
            Map<String, String> task,
            ClusterConfigState state,
            TargetState initial,
            TaskStatus.Listener listener) {}

    /** What a source task talks to. */
    public interface SourceParts {
        Producer<byte[], byte[]> producer();

        TopicAdmin topics();

        OffsetBackingStore offsets();

        /** Where offsets are, for messages. */
        String offsetsTopic();

        /** Who signs each record; null for nobody. */
        @Nullable
        Signature signature();
    }

    /** Has a record say where its source was. */
    public interface Signature {
        /**
         * Called before each record is sent, by the task's thread.
         *
         * @param partition of the source, as a key of the offsets' topic
         * @param offset of the source there, as a value of it
         */
        void sign(Headers headers, byte[] partition, byte[] offset);

        /** Called before the task is asked for records; may fail the task. */
        void beforePoll();
    }

    /** What a sink task talks to. */
    public interface SinkParts {
        Consumer<byte[], byte[]> consumer(SinkConnectorConfig config);

        /** Who takes records that nothing can be done with; made when the task starts. */
        ErrorReporter<ConsumerRecord<byte[], byte[]>> deadLetters(
                SinkConnectorConfig config, ErrorHandlingMetrics errors);
    }

    /** @param closing where a producer is closed whose task does not stop */
    public TaskFactory(
            Plugins plugins,
            WorkerConfig config,
            ConnectMetrics metrics,
            StatusBackingStore statuses,
            Executor closing) {
        this.plugins = plugins;
        this.config = config;
        this.metrics = metrics;
        this.statuses = statuses;
        this.closing = closing;
        this.offsetKeys = internalConverter(true);
        this.offsetValues = internalConverter(false);
    }

    private Converter internalConverter(boolean isKey) {
        return plugins.newInternalConverter(
                isKey, JsonConverter.class.getName(), Map.of(JsonConverterConfig.SCHEMAS_ENABLE_CONFIG, "false"));
    }

    /** A reader of a connector's offsets. */
    public CloseableOffsetStorageReader offsetReader(OffsetBackingStore offsets, String connector) {
        return new OffsetStorageReaderImpl(offsets, connector, offsetKeys, offsetValues);
    }

    /** A writer of a connector's offsets; for one thread. */
    public OffsetStorageWriter offsetWriter(OffsetBackingStore offsets, String connector) {
        return new OffsetStorageWriter(offsets, connector, offsetKeys, offsetValues);
    }

    /** The loader of a connector's plugin. */
    public ClassLoader loader(Map<String, String> connector) throws Exception {
        return plugins.connectorLoader(
                connector.get(ConnectorConfig.CONNECTOR_CLASS_CONFIG),
                PluginUtils.connectorVersionRequirement(connector.get(ConnectorConfig.CONNECTOR_VERSION)));
    }

    /** Whether a connector's tasks are sinks. */
    public boolean isSink(Map<String, String> connector) {
        try {
            return SinkConnector.class.isAssignableFrom(plugins.connectorClass(
                    connector.get(ConnectorConfig.CONNECTOR_CLASS_CONFIG),
                    PluginUtils.connectorVersionRequirement(connector.get(ConnectorConfig.CONNECTOR_VERSION))));
        } catch (InvalidVersionSpecificationException e) {
            throw new ConnectException("no version of a plugin: " + e.getMessage(), e);
        }
    }

    /** A source task that is ready to run; fails with what its plugins fail with. */
    @SuppressWarnings("try") // a loader is swapped, and not looked at
    public RunningTask source(TaskSpec spec, SourceParts parts) throws Exception {
        ClassLoader loader = loader(spec.connector());
        try (LoaderSwap swap = plugins.withClassLoader(loader)) {
            SourceConnectorConfig connector =
                    new SourceConnectorConfig(plugins, spec.connector(), config.topicCreationEnable());
            Common<SourceRecord, SourceRecord> common = new Common<>(spec, connector);
            ConnectorOffsetBackingStore offsets = ConnectorOffsetBackingStore.withOnlyWorkerStore(
                    () -> LoggingContext.forTask(spec.id()), parts.offsets(), parts.offsetsTopic());
            boolean rules = config.topicCreationEnable() && connector.usesTopicCreation();
            Signature signature = parts.signature();
            WorkerSourceTask task =
                    new WorkerSourceTask(
                            spec.id(),
                            (SourceTask) common.task,
                            spec.listener(),
                            spec.initial(),
                            common.keys,
                            common.values,
                            common.errors,
                            common.headers,
                            common.transformations,
                            parts.producer(),
                            parts.topics(),
                            rules ? TopicCreationGroup.configuredGroups(connector) : null,
                            offsetReader(offsets, spec.id().connector()),
                            offsetWriter(offsets, spec.id().connector()),
                            offsets,
                            config,
                            spec.state(),
                            metrics,
                            loader,
                            Time.SYSTEM,
                            common.tolerance,
                            statuses,
                            closing,
                            () -> List.of(new LogReporter.Source(spec.id(), connector, common.errors)),
                            common.metadata,
                            plugins.safeLoaderSwapper()) {
                        @Override
                        protected void prepareToPollTask() {
                            super.prepareToPollTask();
                            if (signature != null) {
                                signature.beforePoll();
                            }
                        }

                        @Override
                        protected Optional<SubmittedRecords.SubmittedRecord> prepareToSendRecord(
                                SourceRecord record, ProducerRecord<byte[], byte[]> producerRecord) {
                            if (signature != null) {
                                String connector = spec.id().connector();
                                signature.sign(
                                        producerRecord.headers(),
                                        offsetKeys.fromConnectData(
                                                connector, null, Arrays.asList(connector, record.sourcePartition())),
                                        offsetValues.fromConnectData(connector, null, record.sourceOffset()));
                            }
                            return super.prepareToSendRecord(record, producerRecord);
                        }
                    };
            return new RunningTask(task, spec, plugins, new SourceTaskOffsetCommitter(config));
        }
    }

    /** A sink task that is ready to run; fails with what its plugins fail with. */
    @SuppressWarnings("try")
    public RunningTask sink(TaskSpec spec, SinkParts parts) throws Exception {
        ClassLoader loader = loader(spec.connector());
        try (LoaderSwap swap = plugins.withClassLoader(loader)) {
            SinkConnectorConfig connector = new SinkConnectorConfig(plugins, spec.connector());
            Common<ConsumerRecord<byte[], byte[]>, SinkRecord> common = new Common<>(spec, connector);
            WorkerErrantRecordReporter errant = connector.enableErrantRecordReporter()
                    ? new WorkerErrantRecordReporter(
                            common.tolerance, common.keys.get(), common.values.get(), common.headers.get())
                    : null;
            WorkerSinkTask task = new WorkerSinkTask(
                    spec.id(),
                    (SinkTask) common.task,
                    spec.listener(),
                    spec.initial(),
                    config,
                    spec.state(),
                    metrics,
                    common.keys,
                    common.values,
                    common.errors,
                    common.headers,
                    common.transformations,
                    parts.consumer(connector),
                    loader,
                    Time.SYSTEM,
                    common.tolerance,
                    errant,
                    statuses,
                    () -> reporters(spec, connector, common.errors, parts),
                    common.metadata,
                    plugins.safeLoaderSwapper());
            return new RunningTask(task, spec, plugins, null);
        }
    }

    /**
     * What source and sink tasks are made of alike. Converters are looked for in the connector's plugin first, and are the
     * worker's where the connector names none.
     */
    private final class Common<T, R extends ConnectRecord<R>> {
        final Task task;
        final Plugin<Converter> keys;
        final Plugin<Converter> values;
        final Plugin<HeaderConverter> headers;
        final ErrorHandlingMetrics errors;
        final RetryWithToleranceOperator<T> tolerance;
        final TransformationChain<T, R> transformations;
        final TaskPluginsMetadata metadata;

        Common(TaskSpec spec, ConnectorConfig connector) throws Exception {
            ConnectorTaskId id = spec.id();
            TaskConfig taskConfig = new TaskConfig(spec.task());
            task = plugins.newTask(
                    taskConfig.getClass(TaskConfig.TASK_CLASS_CONFIG).asSubclass(Task.class));
            keys = metrics.wrap(
                    converter(
                            connector,
                            WorkerConfig.KEY_CONVERTER_CLASS_CONFIG,
                            ConnectorConfig.KEY_CONVERTER_VERSION_CONFIG,
                            WorkerConfig.KEY_CONVERTER_VERSION),
                    id,
                    true);
            values = metrics.wrap(
                    converter(
                            connector,
                            WorkerConfig.VALUE_CONVERTER_CLASS_CONFIG,
                            ConnectorConfig.VALUE_CONVERTER_VERSION_CONFIG,
                            WorkerConfig.VALUE_CONVERTER_VERSION),
                    id,
                    false);
            headers = metrics.wrap(headerConverter(connector), id);
            errors = new ErrorHandlingMetrics(id, metrics);
            tolerance = new RetryWithToleranceOperator<>(
                    connector.errorRetryTimeout(),
                    connector.errorMaxDelayInMillis(),
                    connector.errorToleranceType(),
                    Time.SYSTEM,
                    errors);
            transformations =
                    new TransformationChain<>(connector.<R>transformationStages(plugins, id, metrics), tolerance);
            Class<? extends Connector> connectorClass = plugins.connectorClass(
                    spec.connector().get(ConnectorConfig.CONNECTOR_CLASS_CONFIG),
                    PluginUtils.connectorVersionRequirement(spec.connector().get(ConnectorConfig.CONNECTOR_VERSION)));
            metadata = new TaskPluginsMetadata(
                    connectorClass,
                    task,
                    keys.get(),
                    values.get(),
                    headers.get(),
                    transformations.transformationChainInfo(),
                    plugins);
        }

        private Converter converter(ConnectorConfig connector, String name, String version, String workersVersion) {
            Converter own = plugins.newConverter(connector, name, version);
            return own != null ? own : plugins.newConverter(config, name, workersVersion);
        }

        private HeaderConverter headerConverter(ConnectorConfig connector) {
            String name = WorkerConfig.HEADER_CONVERTER_CLASS_CONFIG;
            HeaderConverter own =
                    plugins.newHeaderConverter(connector, name, ConnectorConfig.HEADER_CONVERTER_VERSION_CONFIG);
            return own != null ? own : plugins.newHeaderConverter(config, name, WorkerConfig.HEADER_CONVERTER_VERSION);
        }
    }

    private static List<ErrorReporter<ConsumerRecord<byte[], byte[]>>> reporters(
            TaskSpec spec, SinkConnectorConfig connector, ErrorHandlingMetrics errors, SinkParts parts) {
        List<ErrorReporter<ConsumerRecord<byte[], byte[]>>> reporters = new ArrayList<>();
        reporters.add(new LogReporter.Sink(spec.id(), connector, errors));
        String topic = connector.dlqTopicName();
        if (topic != null && !topic.isBlank()) {
            reporters.add(parts.deadLetters(connector, errors));
        }
        return reporters;
    }
}
