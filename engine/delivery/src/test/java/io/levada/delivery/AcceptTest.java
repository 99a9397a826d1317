package io.levada.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Filter;
import io.levada.Match;
import io.levada.Overflow;
import io.levada.facade.WaitReason;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordFilter;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Readers that do not accept every codec; {@link RecordingSink} checks of each batch that it is in one that they do. */
class AcceptTest {
    private static final long PLENTY = Long.MAX_VALUE;
    private static final Set<Compression> NOTHING = Set.of();

    private static RecordingSink keeping(Set<Compression> accepted) {
        RecordingSink sink = RecordingSink.accepting(accepted);
        sink.keep = true;
        return sink;
    }

    private static long inflated(Bench bench) {
        return bench.delivery.totals().inflatedBatches();
    }

    /** What a batch takes that is sent inflated. */
    private static int inflatedBytes(ByteBuf batch) {
        ByteBuf plain = RecordBatch.inflate(batch, Limits.DEFAULT);
        try {
            return plain.readableBytes();
        } finally {
            plain.release();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_live_batch_in_an_accepted_codec_is_the_very_memory_that_was_appended(Compression codec) {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = keeping(EnumSet.of(codec));
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            ByteBuf appended = bench.partition(0).publish(100, 100, codec);
            bench.run();
            ByteBuf given = sink.kept.get(0);
            assertEquals(appended.memoryAddress(), given.memoryAddress() + given.readerIndex());
            assertEquals(appended, given, "the whole batch, headers and all");
            assertEquals(0, inflated(bench));
            sink.releaseKept();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_stored_batch_in_an_accepted_codec_comes_as_it_is(Compression codec) {
        try (Bench bench = new Bench(1)) {
            ByteBuf stored = bench.partition(0).publish(100, 100, codec);
            RecordingSink sink = keeping(EnumSet.of(codec));
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(List.of(stored), sink.kept);
            assertEquals(0, inflated(bench));
            sink.releaseKept();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_batch_in_another_codec_comes_inflated_live_and_from_storage(Compression codec) {
        try (Bench bench = new Bench(1)) {
            Set<Compression> others = EnumSet.complementOf(EnumSet.of(codec));
            RecordingSink live = keeping(others);
            bench.subscribe(live).credit(PLENTY, PLENTY);
            bench.run();
            ByteBuf stored = bench.partition(0).publish(100, 100, codec);
            bench.run();
            assertEquals(0, bench.reads());
            RecordingSink late = keeping(others);
            bench.subscribe(late).credit(PLENTY, PLENTY);
            bench.run();
            ByteBuf plain = RecordBatch.inflate(stored, Limits.DEFAULT);
            for (RecordingSink sink : List.of(live, late)) {
                assertEquals(SubscriptionTest.range(0, 100), sink.offsets.get(0));
                assertEquals(List.of(plain), sink.kept);
                sink.releaseKept();
            }
            plain.release();
            assertEquals(codec == Compression.NONE ? 0 : 1, inflated(bench));
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void credit_that_covers_what_is_stored_is_cut_to_where_it_does_not_cover_what_is_sent(Compression codec) {
        try (Bench bench = new Bench(1)) {
            ByteBuf stored = bench.partition(0).publish(200, 100, codec);
            int credit = stored.readableBytes() + 1_000;
            assertTrue(inflatedBytes(stored) > 2 * credit, "else this shows nothing");
            RecordingSink sink = RecordingSink.accepting(NOTHING);
            Subscription subscription = bench.subscribe(sink);
            long permitted = 0;
            while (sink.records < 200) {
                subscription.credit(PLENTY, credit);
                permitted += credit;
                int before = sink.records;
                bench.run();
                assertTrue(sink.records > before);
                assertTrue(sink.bytes < permitted + sink.lastRecordBytes, sink.bytes + " of " + permitted);
            }
            assertEquals(SubscriptionTest.range(0, 200), sink.offsets.get(0));
            assertTrue(sink.handles.size() > 2, "batches");
            assertEquals(1, inflated(bench));
        }
    }

    @Test
    void credit_in_records_that_does_not_cover_a_batch_cuts_it() {
        try (Bench bench = new Bench(1)) {
            bench.partition(0).publish(10, 100, Compression.LZ4);
            RecordingSink sink = RecordingSink.accepting(NOTHING);
            Subscription subscription = bench.subscribe(sink);
            for (int step = 1; step <= 10; step++) {
                subscription.credit(1, PLENTY);
                bench.run();
                assertEquals(SubscriptionTest.range(0, step), sink.offsets.get(0));
            }
            assertEquals(1, inflated(bench));
        }
    }

    @Test
    void what_is_left_of_the_credit_is_kept_for_a_moment_for_a_whole_inflated_batch() {
        try (Bench bench = new Bench(1)) {
            int bytes = 0;
            for (int i = 0; i < 3; i++) {
                bytes += inflatedBytes(bench.partition(0).publish(10, 100, Compression.ZSTD));
            }
            RecordingSink patient = RecordingSink.accepting(NOTHING);
            Subscription subscription = bench.subscribe(patient);
            subscription.credit(PLENTY, bytes - 1);
            RecordingSink cut = RecordingSink.accepting(NOTHING);
            bench.subscribe(cut).credit(PLENTY, bytes - 1);
            bench.run();
            assertEquals(20, patient.records);
            assertEquals(
                    WaitReason.NO_BYTES,
                    bench.scheduler.await(subscription.status()).waits());
            subscription.credit(0, 1);
            bench.run();
            assertEquals(30, patient.records);
            assertEquals(3, patient.handles.size(), "batches");
            assertEquals(20, cut.records);
            bench.scheduler.elapse();
            assertEquals(30, cut.records);
            assertEquals(4, cut.handles.size(), "batches");
            assertEquals(3, inflated(bench));
        }
    }

    @Test
    void what_a_filter_wants_comes_inflated() {
        try (Bench bench = new Bench(1)) {
            RecordingSink sink = RecordingSink.accepting(NOTHING);
            RecordFilter filter = RecordFilter.of(Filter.byKey(Match.anyOf("3", "7")));
            bench.subscribe(sink, filter, Overflow.pause(), 25).credit(PLENTY, PLENTY);
            bench.run();
            bench.partition(0).publish(10, 100, Compression.SNAPPY);
            bench.partition(0).publish(20, 100, Compression.GZIP);
            bench.run();
            assertEquals(List.of(3L, 7L, 13L, 17L, 23L), sink.offsets.get(0));
            assertEquals(List.of("end 0", "complete"), sink.events);
            assertEquals(2, inflated(bench));
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void a_batch_is_inflated_once_for_many_and_for_nobody_who_accepts_it(Compression codec) {
        try (Bench bench = new Bench(1)) {
            List<RecordingSink> sinks = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                sinks.add(keeping(i % 10 == 0 ? EnumSet.of(codec) : NOTHING));
                bench.subscribe(sinks.get(i)).credit(PLENTY, PLENTY);
            }
            bench.run();
            bench.partition(0).publish(100, 100, codec);
            bench.run();
            for (int i = 0; i < 100; i++) {
                ByteBuf given = sinks.get(i).kept.get(0);
                assertEquals(i % 10 == 0 ? codec : Compression.NONE, RecordBatch.compression(given));
                RecordBatch.verify(given);
                given.skipBytes(given.readableBytes()); // as who sends it does, which is nobody else's business
                sinks.get(i).releaseKept();
            }
            assertEquals(1, inflated(bench));
            assertEquals(0, bench.reads());
        }
    }

    @Test
    void what_inflates_beyond_the_largest_batch_comes_in_parts() {
        try (Bench bench = new Bench(1)) {
            ByteBuf stored = bench.partition(0).publish(6, 1_000_000, Compression.ZSTD);
            assertTrue(inflatedBytes(stored) > Limits.DEFAULT.maxBatchBytes(), "else this shows nothing");
            RecordingSink sink = keeping(NOTHING);
            bench.subscribe(sink).credit(PLENTY, PLENTY);
            bench.run();
            assertEquals(SubscriptionTest.range(0, 6), sink.offsets.get(0));
            sink.kept.forEach(batch -> assertTrue(batch.readableBytes() <= Limits.DEFAULT.maxBatchBytes()));
            sink.releaseKept();
        }
    }

    @Test
    void whatever_is_accepted_gives_everything_within_any_credit() {
        Compression[] codecs = Compression.values();
        for (long seed = 1; seed <= 20; seed++) {
            Random random = new Random(seed);
            try (Bench bench = new Bench(seed, 1, new DeliveryLimits(2, 2, 64 << 10, 64 << 10, 4 << 10))) {
                Set<Compression> accepted = EnumSet.noneOf(Compression.class);
                for (Compression codec : codecs) {
                    if (random.nextBoolean()) {
                        accepted.add(codec);
                    }
                }
                RecordingSink sink = RecordingSink.accepting(accepted);
                Subscription subscription = bench.subscribe(sink, 500);
                long permittedRecords = 0;
                long permittedBytes = 0;
                while (!sink.ended) {
                    if (bench.partition(0).durable() < 600) {
                        bench.partition(0)
                                .publish(
                                        1 + random.nextInt(40),
                                        random.nextInt(300),
                                        codecs[random.nextInt(codecs.length)]);
                    }
                    int records = random.nextInt(30);
                    int bytes = random.nextInt(4_000);
                    permittedRecords += records;
                    permittedBytes += bytes;
                    subscription.credit(records, bytes);
                    bench.scheduler.run(random.nextInt(12));
                    String now = "seed " + seed + ": " + sink.records + " of " + permittedRecords;
                    assertTrue(sink.records <= permittedRecords, now);
                    assertTrue(sink.bytes < permittedBytes + sink.lastRecordBytes || sink.bytes == 0, now);
                }
                assertEquals(LongStream.range(0, 500).boxed().toList(), sink.offsets.get(0), "seed " + seed);
                assertEquals(List.of("end 0", "complete"), sink.events);
            }
        }
    }
}
