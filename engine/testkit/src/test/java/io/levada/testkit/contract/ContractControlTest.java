package io.levada.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.levada.Ack;
import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.ErrorCode;
import io.levada.Group;
import io.levada.Groups;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.MemberOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Schedulers;

/** The control of the contract: each fault put into a sound log is found by the part of the contract that names it. */
class ContractControlTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final LevadaContract contract = options -> Levada.open("memory:", options);

    @Test
    void finds_acks_out_of_order() {
        assertFound(
                log -> log.acks = acks -> acks.buffer(2).flatMapIterable(pair -> {
                    Collections.reverse(pair);
                    return pair;
                }),
                PublishContract::acks_come_in_the_order_of_the_records_with_offsets_that_count_up);
    }

    @Test
    void finds_an_ack_too_few() {
        assertFound(
                log -> log.acks = acks -> acks.skipLast(1),
                PublishContract::acks_come_in_the_order_of_the_records_with_offsets_that_count_up);
    }

    @Test
    void finds_upstream_asked_for_more_than_acks_were_requested() {
        assertFound(
                log -> log.source = records -> Flux.from(records).publishOn(Schedulers.parallel()),
                PublishContract::upstream_is_asked_for_as_many_records_as_acks_were);
    }

    @Test
    void finds_a_record_missing() {
        assertFound(
                log -> log.records = records -> records.filter(record -> record.offset() != 50),
                ReadContract::positions_and_ends_bound_what_is_read);
    }

    @Test
    void finds_a_record_delivered_beyond_demand() {
        assertFound(
                log -> log.records = ContractControlTest::tenAtOnce, ReadContract::three_requested_are_three_received);
    }

    @Test
    void finds_a_value_changed() {
        assertFound(
                log -> log.records = records -> records.map(record -> new StoredRecord(
                        record.topic(),
                        record.partition(),
                        record.offset(),
                        record.timestampMs(),
                        record.key(),
                        record.value() == null ? new byte[0] : record.value(),
                        record.headers())),
                PublishContract::keys_values_headers_and_timestamps_come_back_as_they_were);
    }

    @Test
    void finds_a_wrong_code() {
        assertFound(
                log -> log.records = records -> records.onErrorMap(
                        e -> new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, String.valueOf(e.getMessage()))),
                ReadContract::what_cannot_be_read_is_refused);
    }

    @Test
    void finds_a_duplicate_in_a_group() {
        assertFound(
                log -> log.deliveries = deliveries -> deliveries.concatMapIterable(
                        d -> Collections.nCopies(d.record().offset() == 7 ? 2 : 1, d)),
                GroupContract::partitions_change_hands_without_loss_or_duplicates);
    }

    @Test
    void finds_acknowledgements_that_do_nothing() {
        assertFound(
                log -> log.deliveries = deliveries -> deliveries.map(Deaf::new),
                GroupContract::only_what_was_not_acknowledged_is_delivered_again);
    }

    @Test
    void finds_a_group_that_shares_its_demand_badly() {
        assertFound(
                log -> log.deliveries = ContractControlTest::tenAtOnce,
                GroupContract::demand_is_shared_by_the_partitions_and_never_exceeded);
    }

    private void assertFound(Consumer<Faulty> fault, BiConsumer<LevadaContract, Levada> part) {
        try (Levada sound = contract.open(LevadaOptions.defaults())) {
            part.accept(contract, sound);
            Faulty faulty = new Faulty(sound);
            fault.accept(faulty);
            assertThrows(AssertionError.class, () -> part.accept(contract, faulty));
        }
    }

    /** Gives its first ten at once, before it returns, whatever is requested; so that no check can be too early to see it. */
    private static <T> Flux<T> tenAtOnce(Flux<T> source) {
        return Flux.from(actual -> {
            List<T> ten = Objects.requireNonNull(source.take(10).collectList().block(PATIENCE));
            actual.onSubscribe(Operators.emptySubscription());
            ten.forEach(actual::onNext);
        });
    }

    private record Deaf(Delivery delivery) implements Delivery {
        @Override
        public StoredRecord record() {
            return delivery.record();
        }

        @Override
        public void ack() {}
    }

    /** A log with a fault in one of its streams. */
    private static final class Faulty implements Levada {
        private final Levada sound;
        private UnaryOperator<Flux<Ack>> acks = UnaryOperator.identity();
        private UnaryOperator<Publisher<Record>> source = UnaryOperator.identity();
        private UnaryOperator<Flux<StoredRecord>> records = UnaryOperator.identity();
        private UnaryOperator<Flux<Delivery>> deliveries = UnaryOperator.identity();

        Faulty(Levada sound) {
            this.sound = sound;
        }

        @Override
        public String address() {
            return sound.address();
        }

        @Override
        public Topics topics() {
            return sound.topics();
        }

        @Override
        public Groups groups() {
            return sound.groups();
        }

        @Override
        public Flux<Ack> publish(String topic, Publisher<Record> published) {
            return acks.apply(sound.publish(topic, source.apply(published)));
        }

        @Override
        public Flux<StoredRecord> read(ReadSpec spec) {
            return records.apply(sound.read(spec));
        }

        @Override
        public Group group(String name) {
            Group group = sound.group(name);
            return new Group() {
                @Override
                public String name() {
                    return name;
                }

                @Override
                public Flux<Assignment> subscribe(Collection<String> topics, MemberOptions options) {
                    return group.subscribe(topics, options);
                }

                @Override
                public Flux<Delivery> receive(Collection<String> topics, MemberOptions options) {
                    return deliveries.apply(group.receive(topics, options));
                }
            };
        }

        @Override
        public Mono<Void> closeGracefully(Duration limit) {
            return sound.closeGracefully(limit);
        }

        @Override
        public void close() {}
    }
}
