package io.levada.gateway;

import io.levada.Ack;
import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.End;
import io.levada.Levada;
import io.levada.LevadaOptions;
import io.levada.MemberOptions;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.testgate.Tck;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import reactor.core.publisher.Flux;

/** Every stream of the facade, over an engine in memory and over a server, held against the Reactive Streams TCK. */
@Tag("long")
class LevadaTckTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String TOPIC = "numbers";
    private static final String MANY_PARTITIONS = "spread";
    private static final String EMPTY = "empty";
    private static final String UNKNOWN = "unknown";

    /** More than any rule takes of a stream that is said not to end. */
    private static final int RECORDS = 10_000;

    private static final int PARTITIONS = 200;

    private static final Levada MEMORY = Levada.open("memory:");
    private static final Levada REMOTE = ServedLevada.overTcp("memory:", LevadaOptions.defaults());

    static Stream<Named<Levada>> logs() {
        return Stream.of(Named.of("memory", MEMORY), Named.of("rsocket", REMOTE));
    }

    @BeforeAll
    static void fill() {
        logs().map(Named::getPayload).forEach(log -> {
            log.topics().create(TopicSpec.of(TOPIC)).block(PATIENCE);
            log.topics().create(TopicSpec.of(EMPTY)).block(PATIENCE);
            log.topics()
                    .create(TopicSpec.of(MANY_PARTITIONS).partitions(PARTITIONS))
                    .block(PATIENCE);
            log.publish(TOPIC, numbers(RECORDS)).blockLast(PATIENCE);
        });
    }

    @AfterAll
    static void close() {
        logs().map(Named::getPayload).forEach(Levada::close);
    }

    private static Flux<Record> numbers(long count) {
        return Flux.range(0, (int) Math.min(count, Integer.MAX_VALUE)).map(i -> Record.ofValue("" + i));
    }

    private static MemberOptions fromEarliest() {
        return MemberOptions.defaults().withFrom(Position.earliest());
    }

    private static String newGroup() {
        return "g-" + UUID.randomUUID();
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("logs")
    void reading(Levada log) {
        Tck.verify(new Reading(log), 20);
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("logs")
    void publishing(Levada log) {
        Tck.verify(new Publishing(log), 20);
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("logs")
    void receiving(Levada log) {
        Tck.verify(new Receiving(log), 18);
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("logs")
    void receiving_of_one_assignment(Levada log) {
        Tck.verify(new ReceivingOfOneAssignment(log), 17);
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("logs")
    void assignments(Levada log) {
        Tck.verify(new Assignments(log), 18);
    }

    /** Streams of a log. */
    abstract static class Verification<T> extends PublisherVerification<T> {
        final Levada log;

        /** Patient with what must come, and quick to believe that nothing comes. */
        Verification(Levada log) {
            super(new TestEnvironment(800, 30));
            this.log = log;
        }
    }

    /** Records up to an offset. */
    public static final class Reading extends Verification<StoredRecord> {
        Reading(Levada log) {
            super(log);
        }

        @Override
        public Publisher<StoredRecord> createPublisher(long elements) {
            return log.read(ReadSpec.of(TOPIC).to(elements < RECORDS ? End.offset(elements) : End.never()));
        }

        @Override
        public Publisher<StoredRecord> createFailedPublisher() {
            return log.read(ReadSpec.of(UNKNOWN));
        }
    }

    /** Acknowledgements. */
    public static final class Publishing extends Verification<Ack> {
        Publishing(Levada log) {
            super(log);
        }

        @Override
        public Publisher<Ack> createPublisher(long elements) {
            return log.publish(EMPTY, numbers(elements));
        }

        @Override
        public Publisher<Ack> createFailedPublisher() {
            return log.publish(UNKNOWN, Flux.never());
        }
    }

    /** Deliveries, which do not end by themselves. */
    public static final class Receiving extends Verification<Delivery> {
        Receiving(Levada log) {
            super(log);
        }

        @Override
        public long maxElementsFromPublisher() {
            return publisherUnableToSignalOnComplete();
        }

        @Override
        public Publisher<Delivery> createPublisher(long elements) {
            return log.group(newGroup()).receive(List.of(TOPIC), fromEarliest());
        }

        @Override
        public Publisher<Delivery> createFailedPublisher() {
            return log.group("no name").receive(TOPIC);
        }
    }

    /** Deliveries of a partition, which end when somebody else gets it. */
    public static final class ReceivingOfOneAssignment extends Verification<Delivery> {
        ReceivingOfOneAssignment(Levada log) {
            super(log);
        }

        @Override
        public long maxElementsFromPublisher() {
            return publisherUnableToSignalOnComplete();
        }

        @Override
        public Publisher<Delivery> createPublisher(long elements) {
            return assignment().deliveries();
        }

        @Override
        public Publisher<Delivery> createFailedPublisher() {
            Flux<Delivery> taken = assignment().deliveries();
            taken.subscribe();
            return taken;
        }

        private Assignment assignment() {
            Flux<Assignment> member = log.group(newGroup())
                    .subscribe(List.of(TOPIC), fromEarliest())
                    .replay()
                    .autoConnect();
            return Objects.requireNonNull(member.blockFirst(PATIENCE));
        }
    }

    /** Assignments, which do not end by themselves. */
    public static final class Assignments extends Verification<Assignment> {
        Assignments(Levada log) {
            super(log);
        }

        @Override
        public long maxElementsFromPublisher() {
            return publisherUnableToSignalOnComplete();
        }

        @Override
        public Publisher<Assignment> createPublisher(long elements) {
            return log.group(newGroup()).subscribe(MANY_PARTITIONS);
        }

        @Override
        public Publisher<Assignment> createFailedPublisher() {
            return log.group("no name").subscribe(TOPIC);
        }
    }
}
