package io.levada.connect;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.levada.Levada;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.runtime.AbstractStatus;
import org.apache.kafka.connect.runtime.ConnectorStatus;
import org.apache.kafka.connect.runtime.TaskStatus;
import org.apache.kafka.connect.runtime.TopicStatus;
import org.apache.kafka.connect.storage.MemoryStatusBackingStore;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What connectors and tasks of all workers are doing, kept in a topic: what this worker says it knows at once and tells the
 * others soon, of each the latest. Keys are those of Kafka Connect's status topic.
 *
 * <p>Safe for any thread; putting does not block.
 */
final class StatusTable extends MemoryStatusBackingStore implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StatusTable.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final LogTable table;
    private final String worker;
    private final Map<String, byte @Nullable []> untold = new LinkedHashMap<>(); // guarded by itself
    private final Thread teller = new Thread(this::tell, "connect-status");
    private volatile boolean following;
    private volatile boolean closed;

    /** What is told of a connector, a task or a topic it uses. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Told(
            @JsonProperty("connector") @Nullable String connector,
            @JsonProperty("task") @Nullable Integer task,
            @JsonProperty("topic") @Nullable String topic,
            @JsonProperty("state") @Nullable String state,
            @JsonProperty("worker_id") @Nullable String worker,
            @JsonProperty("generation") @Nullable Integer generation,
            @JsonProperty("trace") @Nullable String trace,
            @JsonProperty("version") @Nullable String version,
            @JsonProperty("discovered_ms") @Nullable Long discoveredMs) {}

    /**
     * Not yet started.
     *
     * @param worker this worker's id: what its topic says of this worker is old from the start on
     */
    StatusTable(Levada levada, String topic, String worker) {
        this.table = new LogTable(levada, topic, this::heard);
        this.worker = worker;
        teller.setDaemon(true);
    }

    @Override
    public void start() {
        table.start();
        following = true;
        teller.start();
    }

    @Override
    public synchronized void put(ConnectorStatus status) {
        super.put(status);
        say("status-connector-" + status.id(), status, status.id(), null);
    }

    @Override
    public synchronized void put(TaskStatus status) {
        super.put(status);
        ConnectorTaskId id = status.id();
        say("status-task-" + id.connector() + "-" + id.task(), status, id.connector(), id.task());
    }

    /** Of what another worker has taken over since, this one says nothing. */
    @Override
    public synchronized void putSafe(ConnectorStatus status) {
        if (!isOld(get(status.id()), status)) {
            put(status);
        }
    }

    @Override
    public synchronized void putSafe(TaskStatus status) {
        if (!isOld(get(status.id()), status)) {
            put(status);
        }
    }

    private static boolean isOld(@Nullable AbstractStatus<?> known, AbstractStatus<?> said) {
        return known != null && !known.workerId().equals(said.workerId()) && known.generation() > said.generation();
    }

    @Override
    public void put(TopicStatus status) {
        super.put(status);
        tellLater(
                topicKey(status.connector(), status.topic()),
                Json.write(new Told(
                        status.connector(),
                        status.task(),
                        status.topic(),
                        null,
                        worker,
                        null,
                        null,
                        null,
                        status.discoverTimestamp())));
    }

    @Override
    public void deleteTopic(String connector, String topic) {
        super.deleteTopic(connector, topic);
        tellLater(topicKey(connector, topic), null);
    }

    private static String topicKey(String connector, String topic) {
        return "status-topic-" + topic + ":connector-" + connector;
    }

    private void say(String key, AbstractStatus<?> status, String connector, @Nullable Integer task) {
        boolean gone = status.state() == AbstractStatus.State.DESTROYED;
        Told told = new Told(
                connector,
                task,
                null,
                status.state().name(),
                status.workerId(),
                status.generation(),
                status.trace(),
                status.version(),
                null);
        tellLater(key, gone ? null : Json.write(told));
    }

    private void tellLater(String key, byte @Nullable [] value) {
        synchronized (untold) {
            untold.remove(key); // the latest is told, in the order of what came last
            untold.put(key, value);
            untold.notifyAll();
        }
    }

    private void heard(String key, byte @Nullable [] value) {
        if (value == null) {
            forget(key);
            return;
        }
        Told told = Json.read(value, Told.class);
        if (following && worker.equals(told.worker())) {
            return; // known since it was said
        }
        if (told.connector() == null || (told.topic() == null && told.worker() == null)) {
            throw new DataException("it does not say whose status it is");
        }
        if (told.topic() != null) {
            long when = told.discoveredMs() == null ? 0 : told.discoveredMs();
            int task = told.task() == null ? 0 : told.task();
            super.put(new TopicStatus(told.topic(), told.connector(), task, when));
        } else if (told.state() != null) {
            hear(told, state(told.state()));
        }
    }

    private static AbstractStatus.State state(String name) {
        try {
            return AbstractStatus.State.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw new DataException("there is no state " + name, e);
        }
    }

    private void hear(Told told, AbstractStatus.State state) {
        int generation = told.generation() == null ? 0 : told.generation();
        if (told.task() == null) {
            super.put(new ConnectorStatus(
                    told.connector(), state, told.trace(), told.worker(), generation, told.version()));
        } else {
            ConnectorTaskId id = new ConnectorTaskId(told.connector(), told.task());
            super.put(new TaskStatus(id, state, told.worker(), generation, told.trace(), told.version()));
        }
    }

    private void forget(String key) {
        String connector = key.startsWith("status-connector-") ? key.substring("status-connector-".length()) : null;
        if (connector != null) {
            super.put(new ConnectorStatus(connector, AbstractStatus.State.DESTROYED, "", 0));
        } else if (key.startsWith("status-task-")) {
            int dash = key.lastIndexOf('-');
            ConnectorTaskId id = new ConnectorTaskId(
                    key.substring("status-task-".length(), dash), Integer.parseInt(key.substring(dash + 1)));
            super.put(new TaskStatus(id, AbstractStatus.State.DESTROYED, "", 0));
        } else if (key.startsWith("status-topic-")) {
            int colon = key.indexOf(":connector-");
            super.deleteTopic(
                    key.substring(colon + ":connector-".length()), key.substring("status-topic-".length(), colon));
        }
    }

    /** Publishes what is untold, over and over; tries again what could not be told. */
    private void tell() {
        Map<String, byte @Nullable []> news = new LinkedHashMap<>();
        while (true) {
            try {
                synchronized (untold) {
                    while (untold.isEmpty() && !closed) {
                        untold.wait();
                    }
                    if (untold.isEmpty()) {
                        return;
                    }
                    news.clear();
                    news.putAll(untold);
                }
                table.put(news).get();
                synchronized (untold) {
                    news.forEach((key, value) -> untold.remove(key, value));
                    untold.notifyAll();
                }
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                log.warn("{} cannot be written for the moment: {}", table.topic(), e.getMessage());
                if (!pause()) {
                    return;
                }
            }
        }
    }

    private boolean pause() {
        try {
            Thread.sleep(PAUSE.toMillis());
            return !closed;
        } catch (InterruptedException e) {
            return false;
        }
    }

    /** Says its last words, within two seconds. */
    @Override
    public void close() {
        closed = true;
        synchronized (untold) {
            untold.notifyAll();
        }
        try {
            teller.join(LAST_WORDS.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        teller.interrupt();
        table.close();
    }
}
