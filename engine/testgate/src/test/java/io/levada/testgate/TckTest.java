package io.levada.testgate;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import reactor.core.publisher.Flux;

/** The control of the TCK: a sound publisher passes, and one that gives an element too many does not. */
class TckTest {
    @Test
    void a_sound_publisher_passes() {
        Tck.verify(new Numbers(n -> n), 20);
    }

    @Test
    void a_publisher_that_gives_one_more_than_was_requested_does_not_pass() {
        AssertionError error = assertThrows(AssertionError.class, () -> Tck.verify(new Numbers(n -> n + 1), 1));
        String message = String.valueOf(error.getMessage());
        assertTrue(
                message.contains("required_spec101_subscriptionRequestMustResultInTheCorrectNumberOfProducedElements"),
                message);
    }

    @Test
    void rules_that_were_not_tried_do_not_count_as_kept() {
        assertThrows(AssertionError.class, () -> Tck.verify(new Numbers(n -> n), 1_000));
    }

    /** Numbers that count up, as many as are made of what was requested. */
    public static final class Numbers extends PublisherVerification<Integer> {
        private final LongUnaryOperator demand;

        Numbers(LongUnaryOperator demand) {
            super(new TestEnvironment(100, 20));
            this.demand = demand;
        }

        @Override
        public Publisher<Integer> createPublisher(long elements) {
            Flux<Integer> numbers = Flux.range(0, (int) Math.min(elements, Integer.MAX_VALUE));
            return subscriber -> numbers.subscribe(new Asking(Objects.requireNonNull(subscriber), demand));
        }

        @Override
        public Publisher<Integer> createFailedPublisher() {
            return Flux.error(new IllegalStateException("fails as asked"));
        }
    }

    /** Passes everything on, and changes how much is asked for. */
    private record Asking(Subscriber<? super Integer> to, LongUnaryOperator demand) implements Subscriber<Integer> {
        @Override
        public void onSubscribe(Subscription source) {
            to.onSubscribe(new Subscription() {
                @Override
                public void request(long n) {
                    source.request(demand.applyAsLong(n));
                }

                @Override
                public void cancel() {
                    source.cancel();
                }
            });
        }

        @Override
        public void onNext(Integer number) {
            to.onNext(number);
        }

        @Override
        public void onError(Throwable error) {
            to.onError(error);
        }

        @Override
        public void onComplete() {
            to.onComplete();
        }
    }
}
