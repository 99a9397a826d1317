package io.levada.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.End;
import io.levada.Levada;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LevadaProducerTest {
    private final Levada levada = Levada.open("memory:");
    private final LevadaProducer producer = new LevadaProducer(levada, () -> {});
    private final List<String> answers = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        producer.close(Duration.ZERO);
        levada.close();
    }

    private void send(String topic, String value) {
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(topic, 0, 7L, null, value.getBytes(StandardCharsets.UTF_8));
        Future<RecordMetadata> unused = producer.send(
                record,
                (place, error) -> answers.add(
                        error == null
                                ? String.valueOf(place.offset())
                                : error.getClass().getSimpleName()));
    }

    private List<StoredRecord> read(String topic) {
        List<StoredRecord> records =
                levada.read(ReadSpec.of(topic).to(End.now())).collectList().block();
        return records == null ? List.of() : records;
    }

    private static List<String> numbers(int to) {
        return IntStream.range(0, to).mapToObj(String::valueOf).toList();
    }

    @Test
    void sends_in_order_to_a_topic_that_it_makes_and_answers_in_that_order() {
        for (int i = 0; i < 50_000; i++) {
            send("new", String.valueOf(i));
        }
        producer.flush();

        assertEquals(numbers(50_000), answers);
        assertEquals(
                numbers(50_000),
                read("new").stream().map(StoredRecord::valueUtf8).toList());
        assertEquals(7, read("new").get(0).timestampMs());
    }

    @Test
    void of_a_record_that_is_too_large_only_itself_fails() {
        send("t", "before");
        send("t", "x".repeat(32 << 20));
        send("t", "behind");
        producer.flush();

        Await.until("answered", () -> answers.size() == 3);
        assertTrue(answers.contains(RecordTooLargeException.class.getSimpleName()), answers.toString());
        assertEquals(
                List.of("before", "behind"),
                read("t").stream().map(StoredRecord::valueUtf8).toList());
    }

    @Test
    void topics_do_not_wait_for_each_other() {
        send("a", "1");
        send("b", "2");
        producer.flush();
        assertEquals(1, read("a").size());
        assertEquals(1, read("b").size());
    }

    @Test
    void refuses_once_it_is_closed() {
        send("t", "1");
        producer.close();
        assertEquals(List.of("0"), answers);
        assertThrows(KafkaException.class, () -> send("t", "2"));
    }
}
