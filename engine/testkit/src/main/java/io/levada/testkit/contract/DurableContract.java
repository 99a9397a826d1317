package io.levada.testkit.contract;

import static io.levada.testkit.contract.ContractBase.fill;
import static io.levada.testkit.contract.ContractBase.get;
import static io.levada.testkit.contract.ContractBase.list;
import static io.levada.testkit.contract.ContractBase.numbers;
import static io.levada.testkit.contract.ContractBase.readNow;
import static io.levada.testkit.contract.ContractBase.values;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.Token;
import io.levada.TopicDescription;
import io.levada.TopicSpec;
import io.levada.testkit.Probe;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What engines do besides that keep their log when closed: what was acknowledged is there when it is opened again. */
public interface DurableContract {
    /** Opens a new, empty log that stays when closed. */
    Levada openNew(LevadaOptions options);

    /** Opens the log again that was opened last, and closed. */
    Levada reopen(LevadaOptions options);

    @Test
    default void records_topics_and_tokens_outlive_the_process() {
        TopicDescription before;
        try (Levada log = openNew(LevadaOptions.defaults())) {
            get(log.topics().create(TopicSpec.of("t").partitions(3)));
            fill(log, "t", 0, 0, 1_000);
            fill(log, "t", 2, 1_000, 1_100);
            before = get(log.topics().describe("t"));
        }
        try (Levada log = reopen(LevadaOptions.defaults())) {
            TopicDescription after = get(log.topics().describe("t"));
            assertEquals(before.id(), after.id());
            assertEquals(before.logId(), after.logId());
            assertEquals(List.of("t"), list(log.topics().list()));
            assertEquals(
                    numbers(0, 1_000),
                    values(list(log.read(ReadSpec.of("t").partition(0).to(io.levada.End.now())))));
            assertEquals(1_100, readNow(log, "t").size());
            assertEquals(1_000, fill(log, "t", 0, 0, 1).get(0).offset());
            Token token = before.startToken();
            Probe<StoredRecord> resumed = Probe.of(log.read(ReadSpec.of("t").from(Position.token(token))), 5);
            assertEquals(5, resumed.await(5).size());
            resumed.cancel();
        }
    }

    @Test
    default void commits_outlive_the_process() {
        Levada first = openNew(LevadaOptions.defaults());
        get(first.topics().create(TopicSpec.of("t").partitions(2)));
        fill(first, "t", 0, 0, 10);
        fill(first, "t", 1, 10, 20);
        TestMember.join(first, "g", "t").deliveries().await(20);
        first.closeGracefully(Duration.ofSeconds(5)).block(Duration.ofSeconds(15));
        first.close();

        try (Levada second = reopen(LevadaOptions.defaults())) {
            fill(second, "t", 1, 20, 25);
            try (TestMember member = TestMember.join(second, "g", "t")) {
                member.deliveries().await(5);
                assertEquals(numbers(20, 25), member.values());
            }
        }
    }
}
