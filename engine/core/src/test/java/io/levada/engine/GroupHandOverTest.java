package io.levada.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import io.levada.env.MemoryDisk;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Members that come, leave and vanish at random while records flow, through a whole engine. The argument is the seed;
 * {@code -Dlevada.seed=N} runs one alone, {@code -Dlevada.seeds=N} runs more of them.
 */
class GroupHandOverTest {
    private static final int PARTITIONS = 5;
    private static final int ROUNDS = 40;

    static IntStream seeds() {
        Integer only = Integer.getInteger("levada.seed");
        return only == null ? IntStream.rangeClosed(1, Integer.getInteger("levada.seeds", 8)) : IntStream.of(only);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void each_record_is_read_and_read_again_only_above_the_commit_of_one_that_vanished(int seed) {
        VirtualTime time = new VirtualTime(seed);
        try (time;
                EmbeddedEngine engine = EmbeddedEngine.open(time.env(new MemoryDisk()), EngineConfig.memory())) {
            new Scene(seed, time, engine).play();
        }
    }

    private static final class Scene implements WriterSink {
        private final SplittableRandom random;
        private final VirtualTime time;
        private final EmbeddedEngine engine;
        private final BatchWriter writer;
        private final List<TestMember> all = new ArrayList<>();
        private final List<TestMember> present = new ArrayList<>();

        /** Read by one that vanished, and maybe not committed. */
        private final Set<TestMember.Read> maybeAgain = new HashSet<>();

        private long published;

        private Scene(long seed, VirtualTime time, EmbeddedEngine engine) {
            this.random = new SplittableRandom(seed);
            this.time = time;
            this.engine = engine;
            time.await(engine.topics()
                    .create(TopicSpec.of("t").partitions(PARTITIONS))
                    .toFuture());
            writer = engine.write("t", this);
        }

        private void play() {
            for (int round = 0; round < ROUNDS; round++) {
                publish();
                int dice = random.nextInt(10);
                if (dice < 3 || present.isEmpty()) {
                    join();
                } else if (dice < 5) {
                    present.remove(random.nextInt(present.size())).leave();
                } else if (dice < 6) {
                    vanish(present.remove(random.nextInt(present.size())));
                } else if (dice < 8) {
                    present.get(random.nextInt(present.size())).commit();
                }
                time.advanceMs(random.nextInt(10) == 0 ? 12_000 : random.nextInt(3));
            }
            if (present.isEmpty()) {
                join();
            }
            time.advanceMs(60_000);
            check();
        }

        private void join() {
            TestMember member = new TestMember(engine::join, "g", "m", Position.earliest(), "t");
            all.add(member);
            present.add(member);
        }

        private void publish() {
            try (BatchBuilder builder = new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT)) {
                for (int i = random.nextInt(12); i > 0; i--) {
                    builder.append(time.wallMs(), null, new byte[10], List.of());
                    writer.write(random.nextInt(PARTITIONS), published, builder.build());
                    published++;
                }
            }
        }

        private void vanish(TestMember member) {
            Map<Integer, Long> committed = member.committed;
            Map<TopicPartition, Long> places = new HashMap<>();
            member.next
                    .keySet()
                    .forEach(handle -> places.put(
                            member.partitions.get(handle),
                            committed.getOrDefault(handle, member.starts.getOrDefault(handle, 0L))));
            for (TestMember.Read read : member.reads) {
                Long place = places.get(read.partition());
                if (place != null && read.offset() >= place) {
                    maybeAgain.add(read);
                }
            }
            member.session.abort();
        }

        private void check() {
            Map<TestMember.Read, Integer> times = new HashMap<>();
            for (TestMember member : all) {
                assertEquals(List.of(), member.heard("OUT OF ORDER"));
                assertEquals(List.of(), member.heard("lost"));
                assertEquals(List.of(), member.heard("error"));
                member.reads.forEach(read -> times.merge(read, 1, Integer::sum));
            }
            assertEquals(published, times.size(), "records read");
            times.forEach((read, count) ->
                    assertTrue(count == 1 || maybeAgain.contains(read), read + " was read " + count + " times"));
        }

        @Override
        public void onOpen(int partitions, int maxRecordBytes) {}

        @Override
        public void onCredit(int batches, long bytes) {}

        @Override
        public void onPartAck(long sequence, int records, long baseOffset) {
            throw new AssertionError("one log tells no batch in parts");
        }

        @Override
        public void onAck(long sequence, long baseOffset) {}

        @Override
        public void onComplete() {}

        @Override
        public void onError(Throwable error) {}
    }
}
