package io.levada.engine;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.facade.EngineHealth;
import io.levada.facade.EngineHealth.Problem;
import io.levada.log.DamagedRange;
import io.levada.log.LogStore;
import io.levada.log.PartitionLog;
import io.levada.log.Topic;
import java.util.ArrayList;
import java.util.List;

/** One look at a log for what is wrong with it. */
final class HealthLook {
    private final List<Problem> problems = new ArrayList<>();
    private int count;

    private HealthLook() {}

    static EngineHealth at(LogStore store) {
        HealthLook look = new HealthLook();
        store.topics().forEach(look::at);
        for (DamagedRange damage : store.health()) {
            look.add(
                    damage.topic(),
                    damage.partition(),
                    ErrorCode.CORRUPT_MESSAGE,
                    "offsets " + damage.from() + " to " + (damage.to() - 1) + ": " + damage.what());
        }
        LevadaException obstacle = store.obstacle();
        return new EngineHealth(
                obstacle == null ? null : obstacle.code(),
                look.problems,
                look.count,
                store.start().clean(),
                store.start().recovered());
    }

    private void at(Topic topic) {
        for (PartitionLog partition : topic.partitions()) {
            LevadaException obstacle = partition.obstacle();
            if (obstacle != null) {
                add(topic.name(), partition.partition(), obstacle.code(), String.valueOf(obstacle.getMessage()));
            }
        }
    }

    private void add(String topic, int partition, ErrorCode code, String what) {
        count++;
        if (problems.size() < EngineHealth.MOST_PROBLEMS) {
            problems.add(new Problem(new TopicPartition(topic, partition), code, what));
        }
    }
}
