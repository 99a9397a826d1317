package io.levada.trials;

import io.levada.trials.Ledger.Stream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Clients of plain HTTP that outlive the server: a publisher that repeats each request with its {@code Idempotency-Key}
 * until it is answered, so that every record has to be there once, and a reader of events that goes on by {@code
 * Last-Event-ID}, and has to be shown each record once and in order.
 */
final class LastingHttp implements AutoCloseable {
    private static final int BURST_RECORDS = 8;
    private static final long AGAIN_MS = 50;
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final long PATIENCE_SECONDS = 240;
    private static final Pattern OFFSET = Pattern.compile("\"offset\":([0-9]+)");
    private static final Pattern PLACE = Pattern.compile("\"partition\":([0-9]+),\"offset\":([0-9]+)");

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String topic;
    private final Stream stream;
    private final AtomicInteger acked = new AtomicInteger();
    private final AtomicLong read = new AtomicLong();
    private final Map<Integer, Long> positions = new ConcurrentHashMap<>();
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean paused;
    private volatile boolean quiet;
    private volatile boolean closed;

    private LastingHttp(String server, Stream stream) {
        this.topic = server + "/v1/topics/" + Workload.TOPIC;
        this.stream = stream;
    }

    /** Begins to publish to a partition of a topic that is there, and to read all of it. */
    static LastingHttp start(String server, int partition, Ledger ledger) {
        LastingHttp lasting = new LastingHttp(server, ledger.openLasting(partition));
        lasting.run("http-publisher", lasting::publish);
        lasting.run("http-reader", lasting::follow);
        return lasting;
    }

    private void run(String name, Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (InterruptedException e) {
                        // Closed.
                    } catch (RuntimeException e) {
                        violations.add(name + " failed: " + e);
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private interface Task {
        void run() throws InterruptedException;
    }

    private void publish() throws InterruptedException {
        for (int request = 0; !closed; request++) {
            while (paused) {
                quiet = true;
                TimeUnit.MILLISECONDS.sleep(5);
            }
            quiet = false;
            List<String> records = new ArrayList<>();
            for (int i = 0; i < BURST_RECORDS; i++) {
                records.add("{\"partition\":" + stream.partition() + ",\"value\":\""
                        + new String(stream.next(), StandardCharsets.UTF_8) + "\"}");
            }
            acknowledged(answer("request-" + request, records.toString()));
        }
    }

    /** The answer to a request that is sent until there is one. */
    private String answer(String key, String body) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(topic + "/records"))
                .timeout(ANSWER)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(body))
                .build();
        while (true) {
            try {
                HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
                if (answer.statusCode() == 200) {
                    return answer.body();
                } else if (answer.statusCode() < 500) {
                    throw new IllegalStateException(answer.statusCode() + " " + answer.body());
                }
            } catch (IOException e) {
                // It stops, or is not there yet.
            }
            TimeUnit.MILLISECONDS.sleep(AGAIN_MS);
        }
    }

    private void acknowledged(String answer) {
        List<Long> offsets = OFFSET.matcher(answer)
                .results()
                .map(each -> Long.parseLong(each.group(1)))
                .collect(Collectors.toList());
        if (offsets.size() != BURST_RECORDS) {
            violations.add("a request of " + BURST_RECORDS + " records was answered with " + answer);
        }
        offsets.forEach(offset -> stream.acknowledged(acked.getAndIncrement(), offset));
    }

    private void follow() throws InterruptedException {
        String last = "";
        while (!closed) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(topic + "/stream?from=earliest"))
                    .header("Accept", "text/event-stream");
            if (!last.isEmpty()) {
                request.header("Last-Event-ID", last);
            }
            try {
                HttpResponse<InputStream> events = client.send(request.build(), BodyHandlers.ofInputStream());
                try (BufferedReader lines =
                        new BufferedReader(new InputStreamReader(events.body(), StandardCharsets.UTF_8))) {
                    if (events.statusCode() == 200) {
                        last = follow(lines, last);
                    }
                }
            } catch (IOException e) {
                // It stops, or is not there yet.
            }
            TimeUnit.MILLISECONDS.sleep(AGAIN_MS);
        }
    }

    /** Reads events until there are no more; only what is complete counts, as the format has it. */
    private String follow(BufferedReader lines, String from) {
        String last = from;
        String id = "";
        String data = "";
        try {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("id:")) {
                    id = line.substring(3).strip();
                } else if (line.startsWith("data:")) {
                    data = line.substring(5);
                } else if (line.isEmpty()) {
                    last = id.isEmpty() ? last : id;
                    shown(data);
                    id = "";
                    data = "";
                }
            }
        } catch (IOException e) {
            // Cut off.
        }
        return last;
    }

    private void shown(String record) {
        Matcher place = PLACE.matcher(record);
        if (!place.find()) {
            return;
        }
        long offset = Long.parseLong(place.group(2));
        long expected = positions.getOrDefault(Integer.parseInt(place.group(1)), 0L);
        if (offset != expected) {
            violations.add("over HTTP " + place.group() + " was shown where " + expected + " was due");
        }
        positions.put(Integer.parseInt(place.group(1)), offset + 1);
        read.incrementAndGet();
    }

    void pause() {
        paused = true;
    }

    void resume() {
        quiet = false;
        paused = false;
    }

    int ackedCount() {
        return acked.get();
    }

    long readCount() {
        return read.get();
    }

    /** Returns once nothing is in flight. */
    void settle() throws InterruptedException {
        pause();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!quiet && violations.isEmpty()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("a request over HTTP is not answered: " + this);
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** Whether the reader has been shown all there is. */
    boolean hasAll(Map<Integer, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> positions.getOrDefault(end.getKey(), 0L).equals(end.getValue()));
    }

    /** What went wrong, each in a sentence. */
    List<String> violations() {
        return List.copyOf(violations);
    }

    @Override
    public String toString() {
        return "over HTTP " + acked + " acknowledged, read up to " + positions + ", " + violations;
    }

    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
    }
}
