package io.levada;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Tries work on deliveries again, and puts aside in a topic what fails every time, with the cause, so that a group goes on.
 * Immutable.
 *
 * <pre>{@code
 * DeadLetters dead = DeadLetters.in(levada, "orders-dead").after(5, Duration.ofMillis(200));
 * levada.group("billing").receive("orders")
 *         .transform(ByKey.flatMap(16, dead.around(delivery -> bill(delivery.record()))))
 *         .subscribe();
 * }</pre>
 *
 * <p>A dead letter is the record as it was, with headers that say where it was and why it is there, each as UTF-8: {@value
 * #TOPIC}, {@value #PARTITION}, {@value #OFFSET}, {@value #TIMESTAMP}, {@value #ATTEMPTS}, {@value #ERROR} (the class and
 * message, up to 1,000 characters), and {@value #REPLAYS} once it was replayed.
 */
public final class DeadLetters {
    public static final String TOPIC = "levada.dead.topic";
    public static final String PARTITION = "levada.dead.partition";
    public static final String OFFSET = "levada.dead.offset";
    public static final String TIMESTAMP = "levada.dead.timestamp";
    public static final String ATTEMPTS = "levada.dead.attempts";
    public static final String ERROR = "levada.dead.error";
    public static final String REPLAYS = "levada.dead.replays";

    private static final String PREFIX = "levada.dead.";
    private static final int MAX_ERROR_CHARS = 1_000;
    private static final Duration MAX_DELAY = Duration.ofSeconds(30);
    private static final Duration PUBLISH_DELAY = Duration.ofMillis(100);

    private final Levada levada;
    private final String topic;
    private final int attempts;
    private final Duration delay;

    private DeadLetters(Levada levada, String topic, int attempts, Duration delay) {
        this.levada = levada;
        this.topic = topic;
        this.attempts = attempts;
        this.delay = delay;
    }

    /**
     * Puts aside after the first failure, unless {@link #after} says otherwise.
     *
     * @param topic where to; it is to exist
     */
    public static DeadLetters in(Levada levada, String topic) {
        return new DeadLetters(levada, topic, 1, Duration.ZERO);
    }

    /**
     * Tries several times before.
     *
     * @param count how often in all, 1 or more
     * @param first how long to wait after the first failure; twice as long after each other one, up to 30 s, and up to half
     *     as much more or less by chance
     */
    public DeadLetters after(int count, Duration first) {
        if (count < 1 || first.isNegative()) {
            throw new IllegalArgumentException("1 attempt or more, after 0 or more: " + count + ", " + first);
        }
        return new DeadLetters(levada, topic, count, first);
    }

    /**
     * The same work, which does not fail: it completes when it has succeeded, or when its record is durable among the dead
     * letters. While it waits to try again, its key does, and others go on. Work that emits results and then fails emits
     * them once more when it is tried again. It does fail where the dead letter cannot be published and trying again would
     * not help, such as {@link ErrorCode#UNKNOWN_TOPIC_OR_PARTITION}. Where it is not known whether a dead letter was stored,
     * it is published again, so there may be two.
     */
    public <R> Function<Delivery, Publisher<R>> around(
            Function<? super Delivery, ? extends Publisher<? extends R>> work) {
        return delivery -> {
            Flux<R> once = Flux.defer(() -> Flux.from(work.apply(delivery)));
            Flux<R> tried = attempts == 1
                    ? once
                    : once.retryWhen(Retry.backoff(attempts - 1L, delay)
                            .maxBackoff(MAX_DELAY)
                            .onRetryExhaustedThrow((spec, last) -> last.failure()));
            return tried.onErrorResume(
                    error -> putAside(delivery.record(), error).thenMany(Flux.empty()));
        };
    }

    private Mono<Ack> putAside(StoredRecord record, Throwable error) {
        List<Header> headers = new ArrayList<>(record.headers());
        headers.removeIf(
                header -> header.key().startsWith(PREFIX) && !header.key().equals(REPLAYS));
        headers.add(Header.of(TOPIC, record.topic()));
        headers.add(Header.of(PARTITION, Integer.toString(record.partition())));
        headers.add(Header.of(OFFSET, Long.toString(record.offset())));
        headers.add(Header.of(TIMESTAMP, Long.toString(record.timestampMs())));
        headers.add(Header.of(ATTEMPTS, Integer.toString(attempts)));
        headers.add(Header.of(ERROR, shortened(error.toString())));
        return publish(topic, Record.of(record.key(), record.value()).withHeaders(headers));
    }

    private static String shortened(String text) {
        return text.length() <= MAX_ERROR_CHARS ? text : text.substring(0, MAX_ERROR_CHARS);
    }

    private Mono<Ack> publish(String to, Record record) {
        return levada.publish(to, record)
                .retryWhen(Retry.backoff(Long.MAX_VALUE, PUBLISH_DELAY)
                        .maxBackoff(MAX_DELAY)
                        .filter(error -> LevadaException.of(error).retriable()));
    }

    /**
     * Publishes the dead letters that there are now where they came from, in order and with their time, and deletes them
     * here. They come to every group of that topic. When it fails or is cancelled, what it has published and not deleted is
     * published again by the next replay.
     *
     * @return how many there were
     */
    public Mono<Long> replay() {
        return Mono.defer(() -> {
            Map<Integer, Long> done = new TreeMap<>();
            return levada.read(ReadSpec.of(topic).from(Position.earliest()).to(End.now()))
                    .concatMap(
                            letter -> revive(letter).doOnNext(ack -> done.put(letter.partition(), letter.offset() + 1)))
                    .count()
                    .flatMap(count -> Flux.fromIterable(done.entrySet())
                            .concatMap(entry -> levada.topics().deleteRecords(topic, entry.getKey(), entry.getValue()))
                            .then(Mono.just(count)));
        });
    }

    private Mono<Ack> revive(StoredRecord letter) {
        List<Header> headers = new ArrayList<>(letter.headers());
        headers.removeIf(header -> header.key().startsWith(PREFIX));
        headers.add(Header.of(REPLAYS, Long.toString(number(letter, REPLAYS, 0L) + 1)));
        String origin = text(letter, TOPIC);
        if (origin == null) {
            throw missing(letter, TOPIC);
        }
        Record record = Record.of(letter.key(), letter.value())
                .withHeaders(headers)
                .withTimestampMs(number(letter, TIMESTAMP, null))
                .withPartition((int) number(letter, PARTITION, null));
        return publish(origin, record);
    }

    private static long number(StoredRecord letter, String name, @Nullable Long otherwise) {
        String text = text(letter, name);
        if (text == null && otherwise != null) {
            return otherwise;
        }
        try {
            return Long.parseLong(String.valueOf(text));
        } catch (NumberFormatException e) {
            throw missing(letter, name);
        }
    }

    private static @Nullable String text(StoredRecord letter, String name) {
        for (Header header : letter.headers()) {
            byte[] value = header.value();
            if (header.key().equals(name) && value != null) {
                return new String(value, StandardCharsets.UTF_8);
            }
        }
        return null;
    }

    private static LevadaException missing(StoredRecord letter, String name) {
        return new LevadaException(
                ErrorCode.INVALID_REQUEST,
                letter.topicPartition() + "@" + letter.offset() + " is no dead letter: it has no header " + name
                        + "; delete it, or move what is no dead letter elsewhere");
    }
}
