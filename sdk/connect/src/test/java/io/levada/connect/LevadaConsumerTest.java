package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Levada;
import io.levada.Position;
import io.levada.Record;
import io.levada.TopicSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LevadaConsumerTest {
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);
    private static final Duration SHORT = Duration.ofMillis(20);

    private final Levada levada = Levada.open("memory:");
    private final List<LevadaConsumer> open = new ArrayList<>();

    @BeforeEach
    void a_topic() {
        levada.blocking().createTopic(TopicSpec.of("t").partitions(2));
    }

    @AfterEach
    void close() {
        open.forEach(LevadaConsumer::close);
        levada.close();
    }

    private void publish(int partition, int from, int to) {
        List<Record> records = IntStream.range(from, to)
                .mapToObj(i -> Record.ofValue(String.valueOf(i)).withPartition(partition))
                .toList();
        levada.blocking().publish("t", records);
    }

    /** A task as far as its consumer is concerned: remembers what it has, and commits it when a partition goes. */
    private final class Task implements ConsumerRebalanceListener {
        final LevadaConsumer consumer;
        final Map<TopicPartition, List<String>> got = new HashMap<>();
        final List<String> told = new ArrayList<>();

        Task(String instance, int most) {
            consumer =
                    new LevadaConsumer(levada, "g", instance, instance + "@here", most, Position.committed(), () -> {});
            open.add(consumer);
            consumer.subscribe(List.of("t"), this);
        }

        int poll() {
            int count = 0;
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(SHORT)) {
                got.computeIfAbsent(new TopicPartition(record.topic(), record.partition()), any -> new ArrayList<>())
                        .add(new String(record.value(), StandardCharsets.UTF_8));
                count++;
            }
            return count;
        }

        List<String> got(TopicPartition partition) {
            return got.getOrDefault(partition, List.of());
        }

        void pollUntil(TopicPartition partition, int count) {
            Await.until("polled", () -> {
                poll();
                return got(partition).size() >= count;
            });
        }

        void commit() {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            consumer.assignment()
                    .forEach(partition -> offsets.put(partition, new OffsetAndMetadata(consumer.position(partition))));
            consumer.commitSync(offsets);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            partitions.forEach(partition -> told.add("assigned " + partition + " at " + consumer.position(partition)));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            told.add("revoked " + partitions);
            commit();
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            told.add("lost " + partitions);
        }
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(String::valueOf).toList();
    }

    @Test
    void gives_records_in_order_and_no_more_at_a_time_than_was_said() {
        publish(0, 0, 100);
        Task task = new Task("a", 7);
        Await.until("all polled", () -> {
            assertTrue(task.poll() <= 7);
            return task.got(P0).size() == 100;
        });

        assertEquals(numbers(0, 100), task.got(P0));
        assertEquals(100, task.consumer.position(P0));
    }

    @Test
    void goes_back_where_it_is_told_to_and_gives_nothing_while_it_is_paused() {
        publish(0, 0, 10);
        Task task = new Task("a", 500);
        task.pollUntil(P0, 10);
        task.consumer.pause(List.of(P0));
        publish(0, 10, 20);
        assertEquals(0, task.poll() + task.poll());

        task.consumer.seek(P0, 5);
        task.consumer.resume(List.of(P0));
        task.pollUntil(P0, 25);
        assertEquals(numbers(5, 20), task.got(P0).subList(10, 25));
    }

    @Test
    void the_next_one_begins_where_was_committed_forth_or_back() {
        publish(0, 0, 10);
        Task first = new Task("a", 500);
        first.pollUntil(P0, 10);
        first.commit();
        first.consumer.commitSync(Map.of(P0, new OffsetAndMetadata(4)));
        first.consumer.abandon();
        open.remove(first.consumer);

        Task second = new Task("a", 500);
        second.pollUntil(P0, 6);
        assertEquals(numbers(4, 10), second.got(P0));
    }

    @Test
    void what_is_asked_back_is_flushed_and_committed_before_another_has_it() {
        publish(0, 0, 50);
        publish(1, 0, 50);
        Task first = new Task("a", 500);
        first.pollUntil(P0, 50);
        first.pollUntil(P1, 50);
        Task second = new Task("b", 500);
        Await.until("shared", () -> {
            first.poll();
            second.poll();
            return first.consumer.assignment().size() == 1
                    && second.consumer.assignment().size() == 1;
        });

        TopicPartition moved = second.consumer.assignment().iterator().next();
        assertTrue(first.told.contains("revoked [" + moved + "]"), first.told.toString());
        assertEquals(List.of("assigned " + moved + " at 50"), second.told);
        publish(moved.partition(), 50, 60);
        second.pollUntil(moved, 10);
        assertEquals(numbers(50, 60), second.got(moved));
        assertFalse(first.told.toString().contains("lost"), first.told.toString());
    }

    @Test
    void is_woken_while_it_waits() {
        Task task = new Task("a", 500);
        Thread waker = new Thread(task.consumer::wakeup);
        waker.start();
        assertThrows(WakeupException.class, () -> task.consumer.poll(Duration.ofMinutes(1)));
    }

    @Test
    void goes_on_at_the_earliest_record_where_its_place_is_gone() {
        publish(0, 0, 10);
        Task task = new Task("a", 500);
        task.pollUntil(P0, 10);
        task.consumer.pause(List.of(P0));
        publish(0, 10, 30);
        levada.blocking().deleteRecords("t", 0, 25);
        task.consumer.seek(P0, 12);
        task.consumer.resume(List.of(P0));

        task.pollUntil(P0, 15);
        assertEquals(numbers(25, 30), task.got(P0).subList(10, 15));
    }
}
