package io.levada.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/**
 * Looks where partitions end, for readers whose policy goes by that: one question at a time for all that are wanted, however
 * many readers want to know. Safe for any thread; does not block.
 */
final class EndLook {
    private final ClusterOffsets offsets;

    /** Those of the next question, and what it completes. */
    private final Map<TopicPartition, ClusterPartition> wanted = new HashMap<>();

    private CompletableFuture<Void> next = new CompletableFuture<>();
    private boolean asking;

    EndLook(ClusterOffsets offsets) {
        this.offsets = offsets;
    }

    /** Complete when the partition knows its end as of now, or could not be asked. */
    CompletionStage<Void> at(ClusterPartition partition) {
        CompletableFuture<Void> answer;
        synchronized (this) {
            wanted.put(partition.id(), partition);
            answer = next;
        }
        ask();
        return answer;
    }

    private void ask() {
        Map<TopicPartition, ClusterPartition> asked;
        CompletableFuture<Void> answer;
        synchronized (this) {
            if (asking || wanted.isEmpty()) {
                return;
            }
            asking = true;
            asked = wanted.values().stream().collect(Collectors.toMap(ClusterPartition::id, Function.identity()));
            answer = next;
            wanted.clear();
            next = new CompletableFuture<>();
        }
        offsets.refresh(asked.values()).whenComplete((done, error) -> {
            synchronized (this) {
                asking = false;
            }
            answer.complete(null);
            ask();
        });
    }
}
