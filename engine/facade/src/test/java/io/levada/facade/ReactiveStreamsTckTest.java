package io.levada.facade;

import io.levada.Ack;
import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.testgate.Tck;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.reactivestreams.tck.TestEnvironment;
import reactor.core.publisher.Flux;

/** Every publisher written by hand here, and the one subscriber, held against the Reactive Streams TCK. */
class ReactiveStreamsTckTest {
    private static final LevadaOptions OPTIONS = LevadaOptions.defaults();

    @Test
    void reading() {
        Tck.verify(new Reading(), 20);
    }

    @Test
    void publishing() {
        Tck.verify(new Publishing(), 20);
    }

    @Test
    void receiving() {
        Tck.verify(new Receiving(), 18);
    }

    @Test
    void receiving_of_one_assignment() {
        Tck.verify(new ReceivingOfOneAssignment(), 17);
    }

    @Test
    void assignments() {
        Tck.verify(new Assignments(), 18);
    }

    @Test
    void subscribing_to_the_records_to_be_published() {
        Tck.verify(new RecordsToPublish(), 6);
    }

    /** Patient with what must come, and quick to believe that nothing comes. */
    private static TestEnvironment environment() {
        return new TestEnvironment(800, 30);
    }

    /** A reader of a topic. */
    public static final class Reading extends PublisherVerification<StoredRecord> {
        public Reading() {
            super(environment());
        }

        @Override
        public Publisher<StoredRecord> createPublisher(long elements) {
            return new ReadFlux(new AutoEngine(elements, 0, false), ReadSpec.of("t"), OPTIONS);
        }

        @Override
        public Publisher<StoredRecord> createFailedPublisher() {
            return new ReadFlux(new AutoEngine(0, 0, true), ReadSpec.of("t"), OPTIONS);
        }
    }

    /** Acknowledgements. */
    public static final class Publishing extends PublisherVerification<Ack> {
        public Publishing() {
            super(environment());
        }

        @Override
        public Publisher<Ack> createPublisher(long elements) {
            Flux<Record> records =
                    Flux.range(0, (int) Math.min(elements, Integer.MAX_VALUE)).map(i -> Record.ofValue("" + i));
            return new PublishFlux(new AutoEngine(0, 0, false), "t", null, records, OPTIONS, InstantSource.system());
        }

        @Override
        public Publisher<Ack> createFailedPublisher() {
            return new PublishFlux(
                    new AutoEngine(0, 0, true), "t", null, Flux.never(), OPTIONS, InstantSource.system());
        }
    }

    /** Deliveries, which do not end by themselves. */
    public static final class Receiving extends PublisherVerification<Delivery> {
        public Receiving() {
            super(environment());
        }

        @Override
        public long maxElementsFromPublisher() {
            return publisherUnableToSignalOnComplete();
        }

        @Override
        public Publisher<Delivery> createPublisher(long elements) {
            return new EngineLevada("auto:", new AutoEngine(elements, 1, false), OPTIONS)
                    .group("g")
                    .receive("t");
        }

        @Override
        public Publisher<Delivery> createFailedPublisher() {
            return new EngineLevada("auto:", new AutoEngine(0, 0, true), OPTIONS)
                    .group("g")
                    .receive("t");
        }
    }

    /** Deliveries of an assignment, which end when it does. */
    public static final class ReceivingOfOneAssignment extends PublisherVerification<Delivery> {
        public ReceivingOfOneAssignment() {
            super(environment());
        }

        @Override
        public long maxElementsFromPublisher() {
            return publisherUnableToSignalOnComplete();
        }

        @Override
        public Publisher<Delivery> createPublisher(long elements) {
            return assignment(new AutoEngine(elements, 1, false)).deliveries();
        }

        @Override
        public Publisher<Delivery> createFailedPublisher() {
            Flux<Delivery> taken = assignment(new AutoEngine(0, 1, false)).deliveries();
            taken.subscribe();
            return taken;
        }

        private static Assignment assignment(AutoEngine engine) {
            CompletableFuture<Assignment> first = new CompletableFuture<>();
            new EngineLevada("auto:", engine, OPTIONS).group("g").subscribe("t").subscribe(first::complete);
            return first.orTimeout(10, TimeUnit.SECONDS).join();
        }
    }

    /** Assignments, which do not end by themselves. */
    public static final class Assignments extends PublisherVerification<Assignment> {
        public Assignments() {
            super(environment());
        }

        @Override
        public long maxElementsFromPublisher() {
            return publisherUnableToSignalOnComplete();
        }

        @Override
        public Publisher<Assignment> createPublisher(long elements) {
            int partitions = (int) Math.min(elements, 2_000);
            return new EngineLevada("auto:", new AutoEngine(0, partitions, false), OPTIONS)
                    .group("g")
                    .subscribe("t");
        }

        @Override
        public Publisher<Assignment> createFailedPublisher() {
            return new EngineLevada("auto:", new AutoEngine(0, 0, true), OPTIONS)
                    .group("g")
                    .subscribe("t");
        }
    }

    /** The subscriber that a source of records meets. */
    public static final class RecordsToPublish extends SubscriberBlackboxVerification<Record> {
        public RecordsToPublish() {
            super(environment());
        }

        @Override
        public Subscriber<Record> createSubscriber() {
            AtomicReference<@Nullable Subscriber<? super Record>> met = new AtomicReference<>();
            new PublishFlux(new AutoEngine(0, 0, false), "t", null, met::set, OPTIONS, InstantSource.system())
                    .subscribe(ack -> {}, error -> {});
            return widened(met.get());
        }

        @SuppressWarnings("unchecked") // a subscriber to anything above Record takes a Record
        private static Subscriber<Record> widened(@Nullable Subscriber<? super Record> subscriber) {
            if (subscriber == null) {
                throw new AssertionError("the source was not subscribed to");
            }
            return (Subscriber<Record>) subscriber;
        }

        @Override
        public Record createElement(int element) {
            return Record.ofValue("" + element);
        }
    }
}
