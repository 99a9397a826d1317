package io.levada.connect;

import io.levada.Position;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.runtime.AbstractStatus;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.RunningTask;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.TaskFactory;
import org.apache.kafka.connect.runtime.TaskStatus;
import org.apache.kafka.connect.runtime.errors.ErrorHandlingMetrics;
import org.apache.kafka.connect.runtime.errors.ErrorReporter;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.apache.kafka.connect.util.TopicAdmin;
import org.jspecify.annotations.Nullable;

/** A task of a connector: Connect's own, over the log. */
final class TaskUnit extends Unit {
    private final ConnectorTaskId id;

    TaskUnit(ConnectorTaskId id, WorkerParts parts) {
        super("task-" + id, parts);
        this.id = id;
    }

    @Override
    Run start(Wanted what) throws Exception {
        ClusterConfigState state = parts().connectors().snapshot();
        Map<String, String> connector = state.connectorConfig(id.connector());
        Map<String, String> task = state.taskConfig(id);
        if (connector == null || task == null) {
            throw new ConnectException("task " + id + " is not there any more");
        }
        TaskRun run = new TaskRun(what);
        TaskFactory.TaskSpec spec = new TaskFactory.TaskSpec(id, connector, task, state, what.state(), run);
        TaskFactory factory = parts().tasks();
        run.begin(
                factory.isSink(connector)
                        ? factory.sink(spec, new Sink(connector, run))
                        : factory.source(spec, source(connector, run.progress)));
        return run;
    }

    @Override
    void tell(AbstractStatus.State state, Wanted what, @Nullable String version, @Nullable Throwable why) {
        TaskStatus status = new TaskStatus(
                id, state, parts().worker(), (int) what.generation(), why == null ? null : Traces.of(why), version);
        parts().statuses().putSafe(status);
    }

    /** A task on its thread; what it says of itself is told as long as it is this unit's. */
    private final class TaskRun extends StateTeller<ConnectorTaskId> implements Run, TaskStatus.Listener {
        private final Wanted what;
        private final TaskProgress progress = new TaskProgress();
        private volatile @Nullable RunningTask task;
        private volatile @Nullable LevadaConsumer consumer;

        TaskRun(Wanted what) {
            this.what = what;
        }

        void begin(RunningTask made) {
            task = made;
            parts().running().put(id, progress);
            daemon("connect-" + name(), made).start();
        }

        private RunningTask begun() {
            RunningTask made = task;
            if (made == null) {
                throw new IllegalStateException(name() + " was not begun");
            }
            return made;
        }

        @Override
        public void transitionTo(TargetState state) {
            begun().transitionTo(state);
        }

        @Override
        public void stop() {
            begun().stop();
        }

        @Override
        public boolean awaitStop(long ms) {
            boolean stopped = begun().awaitStop(ms);
            if (stopped) {
                forget();
            }
            return stopped;
        }

        @Override
        public void cancel() {
            begun().cancel();
            LevadaConsumer reading = consumer;
            if (reading != null) {
                reading.abandon();
            }
            forget();
            tell(AbstractStatus.State.UNASSIGNED, null);
        }

        private void forget() {
            begun().removeMetrics();
            parts().running().remove(id, progress);
        }

        @Override
        void tell(AbstractStatus.State state, @Nullable Throwable why) {
            RunningTask made = task;
            TaskUnit.this.tell(state, what, made == null ? null : made.version(), why);
        }

        @Override
        void failed() {
            TaskUnit.this.failed(this);
        }
    }

    /** What a source's task talks to, after what there is of its trail is looked at. */
    private TaskFactory.SourceParts source(Map<String, String> connector, TaskProgress progress) {
        if (!ExactlyOnce.isRequired(connector)) {
            LevadaProducer producer = new LevadaProducer(parts().levada(), progress::done);
            return new Source(parts(), producer, parts().offsets(), null);
        }
        if (id.task() > 0) {
            throw new ConnectException("connector " + id.connector()
                    + " has several tasks, and exactly.once.support is required, which is for "
                    + "connectors with one; set tasks.max to 1, or take exactly.once.support out");
        }
        SourceTrail trail = new SourceTrail(parts().levada(), parts().offsets(), id.connector());
        trail.recover();
        OnceProducer producer =
                new OnceProducer(parts().levada(), trail, ExactlyOnce.toleratesAll(connector), progress::done);
        return new Source(parts(), producer, new OnceOffsets(parts().offsets(), trail, producer), producer);
    }

    /** What there is for one source's task. */
    private record Source(
            WorkerParts shared,
            Producer<byte[], byte[]> producer,
            OffsetBackingStore offsets,
            TaskFactory.@Nullable Signature signature)
            implements TaskFactory.SourceParts {
        @Override
        public TopicAdmin topics() {
            return new LevadaTopicAdmin(shared.levada());
        }

        @Override
        public String offsetsTopic() {
            return shared.offsets().topic();
        }
    }

    private final class Sink implements TaskFactory.SinkParts {
        private final Map<String, String> connector;
        private final TaskRun run;

        Sink(Map<String, String> connector, TaskRun run) {
            this.connector = connector;
            this.run = run;
        }

        private String setting(String name, String otherwise) {
            return connector.getOrDefault(ConnectorConfig.CONNECTOR_CLIENT_CONSUMER_OVERRIDES_PREFIX + name, otherwise);
        }

        /** Of what a connector may override, what has a meaning here. */
        @Override
        public Consumer<byte[], byte[]> consumer(SinkConnectorConfig config) {
            String reset = setting(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
            LevadaConsumer consumer = new LevadaConsumer(
                    parts().levada(),
                    SinkGroups.of(connector),
                    id.toString(),
                    id + "@" + parts().worker(),
                    Integer.parseInt(setting(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "500")),
                    reset.equals("latest") ? Position.latest() : Position.committed(),
                    run.progress::done);
            run.consumer = consumer;
            return consumer;
        }

        @Override
        public ErrorReporter<ConsumerRecord<byte[], byte[]>> deadLetters(
                SinkConnectorConfig config, ErrorHandlingMetrics errors) {
            return new DeadLetterTopic(new LevadaProducer(parts().levada(), () -> {}), config, id, errors);
        }
    }
}
