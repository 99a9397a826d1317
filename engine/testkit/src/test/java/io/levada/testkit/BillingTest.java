package io.levada.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Delivery;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Flux;
import reactor.util.retry.Retry;

/** The example of README.md, as it stands there. */
@ExtendWith(LevadaExtension.class)
class BillingTest {
    /** The application: bills each order at least once, and joins again when that may help. */
    private static Flux<String> bills(Levada levada) {
        return levada.group("billing")
                .receive("orders")
                .doOnNext(Delivery::ack)
                .map(delivery -> "bill for " + delivery.record().valueUtf8())
                .retryWhen(Retry.indefinitely()
                        .filter(error -> error instanceof LevadaException ours && ours.retriable()));
    }

    @Test
    void goes_on_from_its_last_commit_when_it_was_cut_off(TestLevada test) {
        Levada levada = test.levada();
        levada.topics().create(TopicSpec.of("orders")).block();
        levada.publish("orders", Flux.range(1, 5).map(n -> Record.ofValue("order " + n)))
                .blockLast();

        Probe<String> bills = Probe.of(bills(levada), 3); // asks for three, and fails if more come
        assertEquals(List.of("bill for order 1", "bill for order 2", "bill for order 3"), bills.await(3));

        test.advance(Duration.ofSeconds(1)); // three are committed
        bills.more(1);
        bills.await(4); // the fourth is acknowledged, and not committed yet

        test.faults().cutMembers("billing");
        test.advance(TestLevada.GRACE); // so long its partition waits for it
        bills.more(2);
        List<String> billed = bills.await(6);
        assertEquals(List.of("bill for order 4", "bill for order 5"), billed.subList(4, 6));
        bills.cancel();
    }

    @Test
    void readme_shows_this_test() throws IOException {
        String source = lines(Path.of("src/test/java/io/levada/testkit/BillingTest.java"));
        String readme = lines(Path.of("../../README.md"));
        String example = readme.substring(readme.indexOf("## Testing your application\n"));
        example = example.substring(example.indexOf("```java\n") + "```java\n".length());
        example = example.substring(0, example.indexOf("```"));
        assertTrue(source.contains(example), "not as in README.md:\n" + example);
    }

    /** A file without indentation. */
    private static String lines(Path file) throws IOException {
        return Files.readString(file).replaceAll("(?m)^ +", "");
    }
}
