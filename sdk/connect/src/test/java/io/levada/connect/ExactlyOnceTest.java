package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A source's task that publishes each record once, and what follows on it, without a worker around them. */
class ExactlyOnceTest {
    private final Levada levada = Levada.open("memory:");
    private final OffsetTable table = new OffsetTable(levada, "connect-offsets");
    private final List<Exception> errors = Collections.synchronizedList(new ArrayList<>());
    private final List<Task> tasks = new ArrayList<>();

    @BeforeEach
    void start() {
        table.start();
    }

    @AfterEach
    void close() {
        tasks.forEach(task -> task.producer.close(Duration.ZERO));
        table.stop();
        levada.close();
    }

    /** What of a task there is to a source: it looks where it is, and counts from there. */
    private final class Task {
        final SourceTrail trail = new SourceTrail(levada, table, "counter");
        final OnceProducer producer;
        final OnceOffsets offsets;
        int next;

        Task() {
            this(false);
        }

        Task(boolean leavesOut) {
            trail.recover();
            producer = new OnceProducer(levada, trail, leavesOut, () -> {});
            offsets = new OnceOffsets(table, trail, producer);
            next = offset();
            tasks.add(this);
        }

        /** Sends the next number. */
        void send(String topic, @Nullable Integer partition) {
            send(topic, partition, bytes(String.valueOf(next)));
        }

        void send(String topic, @Nullable Integer partition, byte[] value) {
            ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, partition, null, value);
            next++;
            producer.sign(record.headers(), bytes(KEY), bytes("{\"next\":" + next + "}"));
            Future<RecordMetadata> unused = producer.send(record, (place, error) -> {
                if (error != null) {
                    errors.add(error);
                }
            });
        }

        void count(int to, String topic) {
            while (next < to) {
                send(topic, 0);
            }
            producer.flush();
        }

        void flush(int value) throws Exception {
            offsets.set(Map.of(buffer(KEY), buffer("{\"next\":" + value + "}")), null)
                    .get();
        }
    }

    private static final String KEY = "[\"counter\",{\"number\":\"0\"}]";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(bytes(text));
    }

    /** What is noted of the source. */
    private int offset() {
        try {
            ByteBuffer value = table.get(List.of(buffer(KEY))).get().get(buffer(KEY));
            return value == null
                    ? 0
                    : (Integer) Json.read(StandardCharsets.UTF_8.decode(value).toString(), Map.class)
                            .get("next");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private List<String> read(String topic) {
        List<StoredRecord> records =
                levada.read(ReadSpec.of(topic).to(End.now())).collectList().block();
        return records == null
                ? List.of()
                : records.stream()
                        .map(record -> String.valueOf(record.valueUtf8()))
                        .toList();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(String::valueOf).toList();
    }

    @Test
    void goes_on_behind_the_last_record_where_no_offset_was_written() {
        new Task().count(1_000, "t");
        assertEquals(0, offset());

        Task second = new Task();

        assertEquals(1_000, second.next);
        second.count(1_500, "t");
        assertEquals(numbers(0, 1_500), read("t"));
        assertTrue(errors.isEmpty(), errors::toString);
    }

    @Test
    void goes_on_behind_the_last_record_whatever_offsets_were_written() throws Exception {
        Task first = new Task();
        for (int flush = 1; flush <= 5; flush++) {
            first.count(flush * 100, "t");
            first.flush(flush * 100 - 30); // the task has not looked since
        }

        assertEquals(500, new Task().next);
    }

    @Test
    void looks_no_further_back_than_it_has_to() throws Exception {
        Task first = new Task();
        for (int flush = 1; flush <= 4; flush++) {
            first.count(flush * 100, "t");
            first.flush(flush * 100);
        }
        String note = text("[\"counter\"]");
        assertTrue(note.contains("{\"t\":{\"0\":200}}"), note);
    }

    private String text(String key) throws Exception {
        return StandardCharsets.UTF_8
                .decode(table.get(List.of(buffer(key))).get().get(buffer(key)))
                .toString();
    }

    @Test
    void one_that_was_given_up_publishes_nothing_more() {
        Task zombie = new Task();
        zombie.count(10, "t");
        Task second = new Task();
        second.count(20, "t");

        zombie.send("t", 0);
        zombie.producer.flush();

        assertEquals(1, errors.size());
        assertTrue(zombie.producer.hasFailed());
        assertThrows(KafkaException.class, () -> zombie.send("t", 0));
        Future<Void> written = zombie.offsets.set(Map.of(buffer(KEY), buffer("{\"next\":12}")), null);
        assertThrows(ExecutionException.class, written::get);
        assertEquals(numbers(0, 20), read("t"));
    }

    @Test
    void one_whose_elder_publishes_once_more_looks_again() {
        Task elder = new Task();
        elder.count(10, "t");
        Task second = new Task();
        elder.count(11, "t");

        second.send("t", 0);
        second.producer.flush();
        assertEquals(1, errors.size());

        new Task().count(20, "t");
        assertEquals(numbers(0, 20), read("t"));
    }

    @Test
    void nothing_is_durable_before_what_came_before_it_elsewhere() {
        levada.blocking().createTopic(TopicSpec.of("p").partitions(3));
        Task first = new Task();
        for (int i = 0; i < 300; i++) {
            first.send(i % 50 == 0 ? "other" : "p", i % 50 == 0 ? 0 : i / 10 % 3);
        }
        first.producer.flush();
        long last = levada.read(ReadSpec.of("p").to(End.now()))
                        .count()
                        .blockOptional()
                        .orElse(0L)
                + levada.read(ReadSpec.of("other").to(End.now()))
                        .count()
                        .blockOptional()
                        .orElse(0L);
        assertEquals(300, last);

        assertEquals(300, new Task().next);
    }

    @Test
    void offsets_that_somebody_changed_are_not_overruled() throws Exception {
        Task first = new Task();
        first.count(10, "t");
        table.set(Map.of(buffer(KEY), buffer("{\"next\":5}")), null).get();
        assertEquals(10, new Task().next); // as nobody said that they were changed by hand

        table.set(Map.of(buffer(KEY), buffer("{\"next\":5}")), null).get();
        new SourceTrail(levada, table, "counter").forget();

        assertEquals(5, new Task().next);
    }

    @Test
    void nothing_is_published_behind_a_record_that_is_too_large_unless_it_is_to_be_left_out() {
        for (boolean leavesOut : new boolean[] {false, true}) {
            String topic = "large-" + leavesOut;
            errors.clear();
            Task task = new Task(leavesOut);
            int first = task.next;
            task.send(topic, 0);
            task.send(topic, 0, new byte[32 << 20]);
            try {
                task.send(topic, 0);
            } catch (KafkaException e) {
                assertFalse(leavesOut, e::toString); // it may have been seen by now
            }
            task.producer.flush();

            assertFalse(errors.isEmpty());
            assertEquals(!leavesOut, task.producer.hasFailed());
            assertEquals(first + (leavesOut ? 3 : 1), new Task().next);
        }
    }

    @Test
    void a_topic_that_was_deleted_is_begun_anew() {
        new Task().count(10, "t");
        levada.topics().delete("t").block();

        Task second = new Task();
        assertEquals(0, second.next);
        second.count(5, "t");
        assertEquals(numbers(0, 5), read("t"));
    }

    @Test
    void what_others_published_there_is_left_alone() {
        levada.publish("t", Record.ofValue("x")).onErrorComplete().block();
        levada.blocking().createTopic(TopicSpec.of("t"));
        levada.publish("t", Record.ofValue("before")).block();
        new Task().count(3, "t");
        levada.publish("t", Record.ofValue("behind")).block();

        Task second = new Task();
        second.count(5, "t");

        assertEquals(List.of("before", "0", "1", "2", "behind", "3", "4"), read("t"));
        assertFalse(second.producer.hasFailed());
    }
}
