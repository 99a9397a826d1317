package io.levada.trials;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.GroupDescription.GroupOffset;
import io.levada.Levada;
import io.levada.Record;
import io.levada.TopicSpec;
import io.levada.trials.GroupLedger.Result;
import io.levada.trials.GroupLedger.Seen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/**
 * Members of groups as processes, that come and go at random under load: ended gracefully, killed, and stopped for twice
 * the grace period and then waked, when they do not know yet that their partitions went to others.
 */
@Tag("trial")
class GroupTrial {
    private static final String TOPIC = "trial";
    private static final String MEMBERS_LOG = "members.log";
    private static final int PARTITIONS = 6;
    private static final int MOST_MEMBERS = 3;
    private static final Duration TWICE_THE_GRACE = Duration.ofSeconds(20);
    private static final Duration BETWEEN = Duration.ofSeconds(1);
    private static final long PATIENCE_SECONDS = 120;

    @TempDir
    private Path directory = Path.of("");

    private final Random random = new Random();
    private volatile boolean ending;

    @Test
    void every_record_reaches_each_group_and_each_partition_has_one_owner() throws Exception {
        try (ServerProcess server =
                ServerProcess.start(directory.resolve("store"), directory.resolve("server.log"), 0)) {
            String address = server.address().orElseThrow();
            try (Levada levada = Levada.open(address)) {
                levada.blocking().createTopic(TopicSpec.of(TOPIC).partitions(PARTITIONS));
                List<Churn> groups = List.of(
                        new Churn(levada, address, "crashing", true),
                        new Churn(levada, address, "failing", true),
                        new Churn(levada, address, "orderly", false));
                try {
                    run(levada, groups);
                } finally {
                    groups.forEach(Churn::close);
                }
            }
        }
    }

    private void run(Levada levada, List<Churn> groups) throws Exception {
        CompletableFuture<Long> published = publish(levada).count().toFuture();
        for (Churn group : groups) {
            group.begin();
        }
        for (Churn group : groups) {
            group.awaitMembers();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Sizes.groupSeconds());
        for (int i = 0; System.nanoTime() < end; i++) {
            groups.get(i % groups.size()).change();
            TimeUnit.MILLISECONDS.sleep(BETWEEN.toMillis());
        }
        ending = true;
        long count = published.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
        Map<Integer, Long> ends = new TreeMap<>();
        levada.blocking()
                .describeTopic(TOPIC)
                .partitions()
                .forEach(partition -> ends.put(partition.partition(), partition.durable()));
        assertEquals(count, ends.values().stream().mapToLong(offset -> offset).sum(), "all that was published");
        for (Churn group : groups) {
            Result result = group.end(ends);
            System.out.println("group " + group.name + ", " + group.changes + ": " + result.delivered() + " records, "
                    + result.again() + " again, " + group.lost + " partitions lost by those stopped, "
                    + result.violations());
            assertEquals(List.of(), result.violations());
            assertEquals(count, result.delivered());
        }
    }

    private Flux<?> publish(Levada levada) {
        Flux<Record> records = Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> ending)
                .concatMapIterable(tick -> List.of(
                        Record.ofValue(tick + " a").withPartition((int) (tick % PARTITIONS)),
                        Record.ofValue(tick + " b").withPartition((int) (tick % PARTITIONS))));
        return levada.publish(TOPIC, records);
    }

    /** A group whose members come and go. */
    private final class Churn implements AutoCloseable {
        private final Levada levada;
        private final String address;
        private final String name;
        private final boolean crashes;
        private final GroupLedger ledger = new GroupLedger();
        private final List<TrialMember> all = new ArrayList<>();
        private final List<TrialMember> present = new ArrayList<>();
        private final Map<TrialMember, Long> wakeAt = new HashMap<>();
        private final Map<String, Integer> changes = new TreeMap<>();
        private long lost;

        Churn(Levada levada, String address, String name, boolean crashes) {
            this.levada = levada;
            this.address = address;
            this.name = name;
            this.crashes = crashes;
        }

        void begin() throws IOException {
            start();
            start();
        }

        /** Nobody is ended before the group is there: on a busy machine all could be, each before it joined. */
        void awaitMembers() throws InterruptedException {
            long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!levada.blocking().groups().contains(name)) {
                assertTrue(System.nanoTime() < patience, () -> "nobody joined " + name + ":\n" + log());
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }

        private void start() throws IOException {
            Path file = directory.resolve(name + "-" + all.size());
            TrialMember member = TrialMember.start(address, name, TOPIC, file, directory.resolve(MEMBERS_LOG));
            all.add(member);
            present.add(member);
        }

        /** One thing happens, and what the group has committed is looked at. */
        void change() throws IOException {
            for (TrialMember member : present) {
                assertTrue(member.isThere(), () -> member.name() + " ended by itself:\n" + log());
            }
            look();
            for (Map.Entry<TrialMember, Long> stopped : Map.copyOf(wakeAt).entrySet()) {
                if (System.nanoTime() > stopped.getValue()) {
                    wakeAt.remove(stopped.getKey());
                    stopped.getKey().goOn();
                }
            }
            List<TrialMember> awake =
                    present.stream().filter(member -> !member.isStopped()).toList();
            TrialMember one = awake.isEmpty() ? null : awake.get(random.nextInt(awake.size()));
            int dice = random.nextInt(crashes ? 4 : 2);
            if (one == null || (dice == 0 && awake.size() < MOST_MEMBERS)) {
                note("started");
                start();
            } else if (dice <= 1) {
                note("SIGTERM");
                present.remove(one);
                one.terminate();
            } else if (dice == 2) {
                note("SIGKILL");
                present.remove(one);
                one.kill();
            } else if (one.hasBegun()) {
                note("SIGSTOP");
                wakeAt.put(one, System.nanoTime() + TWICE_THE_GRACE.toNanos());
                one.stop();
            }
        }

        private void note(String change) {
            changes.merge(change, 1, Integer::sum);
        }

        /** What members said went wrong. */
        private String log() {
            try {
                return Files.readString(directory.resolve(MEMBERS_LOG));
            } catch (IOException e) {
                return e.toString();
            }
        }

        private void look() {
            if (levada.blocking().groups().contains(name)) {
                for (GroupOffset offset : levada.blocking().describeGroup(name).offsets()) {
                    if (offset.committed() > 0) {
                        ledger.add(new Seen(offset.partition(), offset.committed(), System.currentTimeMillis()));
                    }
                }
            }
        }

        /** Everybody wakes, one more comes, and all is read; then they end, and it is checked. */
        Result end(Map<Integer, Long> ends) throws Exception {
            for (TrialMember member : present) {
                member.goOn();
            }
            start();
            long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (levada.blocking().describeGroup(name).offsets().stream().anyMatch(offset -> offset.lag() > 0)) {
                assertTrue(System.nanoTime() < patience, () -> name + " does not come to the end: " + state());
                TimeUnit.MILLISECONDS.sleep(50);
            }
            present.forEach(TrialMember::terminate);
            for (TrialMember member : all) {
                assertTrue(member.endsWell(), () -> member.name() + " did not end as it should:\n" + log());
                String lines = member.lines();
                lost += lines.lines().filter(line -> line.startsWith("lost ")).count();
                ledger.read(member.name(), lines);
            }
            return ledger.check(ends, crashes);
        }

        /** The group as the server tells it, and what its members did last. */
        private String state() {
            return levada.blocking().describeGroup(name) + "\n"
                    + all.stream().map(TrialMember::summary).collect(Collectors.joining("\n"));
        }

        @Override
        public void close() {
            all.forEach(TrialMember::close);
        }
    }
}
