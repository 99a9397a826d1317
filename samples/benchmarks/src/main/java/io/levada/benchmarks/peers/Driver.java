package io.levada.benchmarks.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.benchmarks.peers.Client.Running;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * A process with the clients of one system: does each task that comes as a line of JSON on standard input, and answers with
 * a line of JSON. Whatever fails ends it.
 */
final class Driver {
    /** Before the outcome, in case anything else is said. */
    static final String ANSWER = "outcome ";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Records that all groups have before a fan-out is measured, and before latencies are taken. */
    private static final int FIRST = 1_000;

    /** Publishers that fill a topic, each with the same share of its records. */
    static final int FILLERS = 4;

    private static final double UNMEASURED_SECONDS = 1;
    private static final long HIGHEST_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final Peer peer;
    private final String address;
    private final String webSocketAddress;
    private final Set<String> topics = new HashSet<>();

    private Driver(Peer peer, String address, String webSocketAddress) {
        this.peer = peer;
        this.address = address;
        this.webSocketAddress = webSocketAddress;
    }

    public static void main(String[] args) throws Exception {
        Driver driver = new Driver(Peer.valueOf(args[0]), args[1], args[2]);
        BufferedReader tasks = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            for (String line = tasks.readLine(); line != null; line = tasks.readLine()) {
                Duration before = cpuUsed();
                Outcome outcome = driver.run(JSON.readValue(line, Task.class));
                outcome = outcome.withCpuSeconds(cpuUsed().minus(before).toNanos() / 1e9);
                System.out.println(ANSWER + JSON.writeValueAsString(outcome));
            }
            System.exit(0);
        } catch (Exception e) {
            die(e);
        }
    }

    private static Duration cpuUsed() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Ends this process, since a figure with a failure behind it is worth nothing. */
    static void die(Throwable error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
    }

    private Outcome run(Task task) throws InterruptedException {
        return switch (task.kind()) {
            case PUBLISH -> publish(task);
            case FAN_OUT, SUBSCRIBERS -> fanOut(task);
            case FILL -> fill(task);
            case READ -> read(task);
            case LATENCY -> latency(task);
            case WEB_SOCKETS -> webSockets(task);
            case DELETE -> delete(task.topic());
        };
    }

    private Client client() {
        return Client.open(peer, address);
    }

    /** Makes the task's topic, unless it was made for another task. */
    private void create(Task task) {
        if (topics.add(task.topic())) {
            try (Client client = client()) {
                client.create(task.topic(), task.partitions(), settings(task));
            }
        }
    }

    /** What is written only to be read is forced as it comes; hundreds of megabytes forced by the batch take minutes. */
    private Map<String, String> settings(Task task) {
        return task.kind() == Task.Kind.FILL && peer == Peer.KAFKA_FLUSH ? Map.of() : peer.topicSettings();
    }

    private Outcome delete(String topic) {
        topics.remove(topic);
        try (Client client = client()) {
            client.delete(topic);
        }
        return Outcome.of(0, 0);
    }

    private Outcome publish(Task task) {
        create(task);
        Messages messages = new Messages(task.bytes());
        AtomicLong taken = new AtomicLong();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < task.publishers(); i++) {
            clients.add(client());
        }
        long begin = System.nanoTime();
        long deadline = begin + (long) (task.seconds() * 1e9);
        together(clients, client -> client.publish(task.topic(), messages.timed(deadline, taken)));
        long nanos = System.nanoTime() - begin;
        clients.forEach(Client::close);
        return Outcome.of(taken.get(), nanos);
    }

    /** Does something with each, all at the same time. */
    private static <T> void together(List<T> all, Consumer<T> use) {
        ExecutorService threads = Executors.newFixedThreadPool(all.size());
        CompletableFuture.allOf(all.stream()
                        .map(each -> CompletableFuture.runAsync(() -> use.accept(each), threads))
                        .toArray(CompletableFuture[]::new))
                .join();
        threads.shutdown();
    }

    private Outcome fanOut(Task task) throws InterruptedException {
        create(task);
        Messages messages = new Messages(task.bytes());
        List<Client> clients = new ArrayList<>();
        List<Running> running = new ArrayList<>();
        List<Tally> tallies = new ArrayList<>();
        for (int group = 0; group < task.groups(); group++) {
            Client client = client();
            Tally tally = new Tally(FIRST, task.records());
            clients.add(client);
            tallies.add(tally);
            running.add(
                    task.kind() == Task.Kind.FAN_OUT
                            ? client.join(task.topic(), task.topic() + "-" + group, tally)
                            : client.read(task.topic(), task.partitions(), tally));
        }
        try (Client publisher = client()) {
            publisher.publish(task.topic(), messages.counted(0, FIRST));
            for (Tally tally : tallies) {
                tally.awaitFirst();
            }
            long begin = System.nanoTime();
            publisher.publish(task.topic(), messages.counted(FIRST, task.records() - FIRST));
            long end = begin;
            for (Tally tally : tallies) {
                tally.awaitAll();
                end = Math.max(end, tally.endedNanos());
            }
            together(running, Running::stop);
            clients.forEach(Client::close);
            return Outcome.of((task.records() - FIRST) * task.groups(), end - begin);
        }
    }

    private Outcome fill(Task task) {
        create(task);
        Messages messages = new Messages(task.bytes());
        AtomicLong share = new AtomicLong();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < FILLERS; i++) {
            clients.add(client());
        }
        long begin = System.nanoTime();
        long each = task.records() / FILLERS;
        together(
                clients,
                client -> client.publish(task.topic(), messages.counted(share.getAndIncrement() * each, each)));
        clients.forEach(Client::close);
        return Outcome.of(each * FILLERS, System.nanoTime() - begin);
    }

    /** From the first record on, again and again by new clients until the time is over. */
    private Outcome read(Task task) throws InterruptedException {
        long records = 0;
        long nanos = 0;
        do {
            Tally tally = new Tally(1, task.records());
            try (Client client = client()) {
                Running reading = client.read(task.topic(), task.partitions(), tally);
                tally.awaitAll();
                reading.stop();
            }
            records += task.records();
            nanos += tally.endedNanos() - tally.beganNanos();
        } while (nanos < task.seconds() * 1e9);
        return Outcome.of(records, nanos);
    }

    /** The first second is not measured. */
    private Outcome latency(Task task) throws InterruptedException {
        create(task);
        Messages messages = new Messages(task.bytes());
        Histogram latencies = new Histogram(HIGHEST_NANOS, 3);
        long unmeasured = (long) (task.rate() * UNMEASURED_SECONDS);
        long all = unmeasured + (long) (task.rate() * task.seconds());
        Tally tally = new Tally(FIRST, FIRST + all);
        try (Client reader = client();
                Client publisher = client()) {
            Client.Sink sink = (key, value) -> {
                if (Messages.number(key) >= FIRST + unmeasured) {
                    latencies.recordValue(Math.max(1, System.nanoTime() - Messages.due(value)));
                }
                tally.accept(key, value);
            };
            Running reading = task.groups() == 0
                    ? reader.read(task.topic(), task.partitions(), sink)
                    : reader.join(task.topic(), task.topic(), sink);
            publisher.publish(task.topic(), messages.counted(0, FIRST));
            tally.awaitFirst();
            long begin = System.nanoTime();
            publisher.publish(task.topic(), messages.paced(FIRST, begin, task.rate(), all));
            tally.awaitAll();
            long end = System.nanoTime();
            reading.stop();
            return Outcome.of(latencies, end - begin);
        }
    }

    /** The first second is not measured. */
    private Outcome webSockets(Task task) throws InterruptedException {
        create(task);
        Messages messages = new Messages(task.bytes());
        long unmeasured = (long) (task.rate() * UNMEASURED_SECONDS);
        long all = unmeasured + Math.max(1, (long) (task.rate() * task.seconds()));
        Histogram latencies = new ConcurrentHistogram(HIGHEST_NANOS, 3);
        List<Client> clients = new ArrayList<>();
        List<Running> running = new ArrayList<>();
        List<Tally> tallies = new ArrayList<>();
        for (int i = 0; i < task.groups(); i++) {
            Client client = Client.open(peer, webSocketAddress);
            clients.add(client);
            Tally tally = new Tally(1, 1 + all);
            tallies.add(tally);
            running.add(client.read(task.topic(), task.partitions(), (key, value) -> {
                if (Messages.number(key) > unmeasured) {
                    latencies.recordValue(Math.max(1, System.nanoTime() - Messages.due(value)));
                }
                tally.accept(key, value);
            }));
        }
        try (Client publisher = client()) {
            publisher.publish(task.topic(), messages.counted(0, 1));
            for (Tally tally : tallies) {
                tally.awaitFirst();
            }
            long begin = System.nanoTime();
            publisher.publish(task.topic(), messages.paced(1, begin, task.rate(), all));
            for (Tally tally : tallies) {
                tally.awaitAll();
            }
            long end = System.nanoTime();
            together(running, Running::stop);
            clients.forEach(Client::close);
            return Outcome.of(latencies, end - begin);
        }
    }
}
