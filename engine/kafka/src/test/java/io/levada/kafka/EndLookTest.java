package io.levada.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.delivery.Delivery;
import io.levada.env.Env;
import io.levada.kafka.ClusterOffsets.Bounds;
import io.levada.protocol.Limits;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** However many want to know where partitions end, one question at a time is asked, and each hears what is so by then. */
final class EndLookTest {
    private final List<Question> questions = new ArrayList<>();
    private final ClusterOffsets offsets = new ClusterOffsets(admin());
    private final EndLook look = new EndLook(offsets);
    private final Env env = Env.memory();
    private final ClusterClients clients =
            new ClusterClients(new ClusterAddress("127.0.0.1:1", Map.of()), ClusterConfig.defaults());
    private final Delivery delivery =
            new Delivery(env.scheduler(), env.clock(), ClusterConfig.defaults().delivery(), Limits.DEFAULT);
    private final TailFetcher tails =
            new TailFetcher(clients.reader("test", 1 << 20), "test", Limits.DEFAULT, (partition, error) -> {});
    private final StoredBlocks stored = new StoredBlocks(() -> clients.fetcher("test", 1 << 20), Limits.DEFAULT, true);
    private final BlockFetchers blocks = new BlockFetchers(() -> clients.reader("test", 1 << 20), Limits.DEFAULT);
    private final List<ClusterPartition> partitions =
            IntStream.range(0, 3).mapToObj(this::partition).toList();

    /** What the leaders were asked, and their answers to come. */
    private record Question(boolean ends, Map<TopicPartition, KafkaFutureImpl<ListOffsetsResultInfo>> answers) {
        Set<TopicPartition> asked() {
            return answers.keySet();
        }
    }

    @AfterEach
    void close() {
        tails.close();
        stored.close();
        blocks.close();
        delivery.close().toCompletableFuture().join();
        env.scheduler().close();
    }

    private ClusterPartition partition(int number) {
        return new ClusterPartition(
                new TopicPartition("t", number),
                new Bounds(0, 0),
                tails,
                stored,
                blocks,
                blocks,
                offsets,
                look,
                delivery);
    }

    private Admin admin() {
        return (Admin) Proxy.newProxyInstance(
                Admin.class.getClassLoader(), new Class<?>[] {Admin.class}, (proxy, method, arguments) -> {
                    if (!method.getName().equals("listOffsets")) {
                        throw new UnsupportedOperationException(method.getName());
                    }
                    return asked((Map<?, ?>) arguments[0]);
                });
    }

    private ListOffsetsResult asked(Map<?, ?> specs) {
        Map<TopicPartition, KafkaFutureImpl<ListOffsetsResultInfo>> answers = new HashMap<>();
        specs.keySet().forEach(id -> answers.put((TopicPartition) id, new KafkaFutureImpl<>()));
        questions.add(new Question(
                specs.values().stream().allMatch(OffsetSpec.LatestSpec.class::isInstance), Map.copyOf(answers)));
        Map<TopicPartition, KafkaFuture<ListOffsetsResultInfo>> futures = new HashMap<>(answers);
        return new ListOffsetsResult(futures);
    }

    private CompletableFuture<Void> at(int partition) {
        return look.at(partitions.get(partition)).toCompletableFuture();
    }

    /** Answers what was asked and not answered yet. */
    private void answer(long end) {
        List<Question> open = List.copyOf(questions);
        questions.clear();
        open.forEach(question -> question.answers()
                .values()
                .forEach(future ->
                        future.complete(new ListOffsetsResultInfo(question.ends() ? end : 0, -1, Optional.empty()))));
    }

    @Test
    void those_who_come_while_a_question_is_open_share_the_next_one() {
        CompletableFuture<Void> first = at(0);
        assertEquals(2, questions.size()); // where they begin, and where they end
        List<CompletableFuture<Void>> others = List.of(at(0), at(1), at(2), at(1));
        assertEquals(2, questions.size());
        answer(10);
        assertTrue(first.isDone());
        assertEquals(10, partitions.get(0).durable());
        assertFalse(others.stream().anyMatch(CompletableFuture::isDone)); // what they hear is of after they asked
        assertEquals(2, questions.size());
        assertEquals(
                Set.of(
                        partitions.get(0).id(),
                        partitions.get(1).id(),
                        partitions.get(2).id()),
                questions.get(0).asked());
        answer(20);
        assertTrue(others.stream().allMatch(CompletableFuture::isDone));
        assertEquals(
                List.of(20L, 20L, 20L),
                partitions.stream().map(ClusterPartition::durable).toList());
        assertEquals(List.of(), questions);
    }

    @Test
    void a_question_without_an_answer_ends_too_and_another_follows() {
        CompletableFuture<Void> first = at(0);
        CompletableFuture<Void> second = at(0);
        List<Question> open = List.copyOf(questions);
        questions.clear();
        open.forEach(question -> question.answers()
                .values()
                .forEach(future -> future.completeExceptionally(new TimeoutException("no leader"))));
        assertTrue(first.isDone() && !first.isCompletedExceptionally());
        assertEquals(0, partitions.get(0).durable());
        answer(5);
        assertTrue(second.isDone());
        assertEquals(5, partitions.get(0).durable());
    }

    @Test
    void an_end_never_goes_back() {
        CompletableFuture<Void> first = at(0);
        answer(10);
        CompletableFuture<Void> second = at(0);
        answer(7);
        assertTrue(first.isDone() && second.isDone());
        assertEquals(10, partitions.get(0).durable());
    }
}
