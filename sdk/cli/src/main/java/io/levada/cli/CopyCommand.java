package io.levada.cli;

import io.levada.BlockingLevada;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.TopicDescription;
import io.levada.TopicPartition;
import io.levada.TopicSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import reactor.core.publisher.Flux;

/** Moves house: copies topics from one log to another, with the places of groups. */
@Command(
        name = "copy",
        description = {
            "Copies topics from one log to another, with keys, headers, timestamps and settings, and the places of groups, and"
                    + " compares what is there then.",
            "What is there already is not copied again: after an interruption, or to catch up with what came since, start it"
                    + " anew. Nobody else should publish to the copies meanwhile."
        })
final class CopyCommand implements Runnable {
    private static final int AT_ONCE = 4;

    /** Settings that not every kind of log has, or in other bounds; what is kept does not depend on them. */
    private static final List<String> OF_ONE_KIND_OF_LOG = List.of(
            "durability", "segment.bytes", "delete.retention.ms", "max.compaction.lag.ms", "min.cleanable.dirty.ratio");

    private final CommandContext context;

    @Option(names = "--from", paramLabel = "URI", required = true, description = "the log to copy from")
    private String from = "";

    @Option(names = "--to", paramLabel = "URI", required = true, description = "the log to copy to")
    private String to = "";

    @Option(
            names = "--to-token-file",
            paramLabel = "F",
            description = "a file that holds the bearer token for the log to copy to; that of --token-file unless said")
    private @Nullable String toTokenFile;

    @Option(
            names = "--replication-factor",
            paramLabel = "N",
            defaultValue = "1",
            description = "of topics that are made; 1 unless said")
    private int replicationFactor = 1;

    @Option(names = "--no-groups", description = "leaves the places of groups out")
    private boolean noGroups;

    @Parameters(paramLabel = "TOPIC", arity = "0..*", description = "what to copy; all topics unless said")
    private List<String> topics = new ArrayList<>();

    CopyCommand(CommandContext context) {
        this.context = context;
    }

    /**
     * What came of a topic.
     *
     * @param copied records that were not there before
     * @param sameOffsets whether each record has the offset that it had
     * @param checksums of each partition's records in both logs, CRC-32C
     */
    private record Outcome(
            String topic, int partitions, long records, long copied, boolean sameOffsets, List<String> checksums) {}

    @Override
    public void run() {
        if (from.equals(to)) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "--from and --to are the same log; name two");
        }
        try (Levada source = context.open(from, LevadaOptions.defaults(), null);
                Levada target = context.open(to, LevadaOptions.defaults(), toTokenFile)) {
            copy(source, target);
        } catch (IOException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "cannot print: " + e, e);
        }
    }

    private void copy(Levada source, Levada target) throws IOException {
        List<String> names = topics.isEmpty() ? source.blocking().topics() : topics;
        List<PartitionCopy> copies = new ArrayList<>();
        for (String name : names) {
            copies.addAll(partitions(source, target, name));
        }
        Map<TopicPartition, Long> copied = copyAll(copies);
        GroupPlaces groups = noGroups ? new GroupPlaces() : GroupPlaces.of(source.blocking(), new HashSet<>(names));
        List<PartitionComparison.Checked> checked = checkAll(copies, groups);
        Map<TopicPartition, PartitionComparison.Checked> places = new HashMap<>();
        checked.forEach(each -> places.put(each.partition(), each));
        int moved = groups.commit(target, (partition, offset) -> Objects.requireNonNull(places.get(partition))
                .place(offset));
        print(names, checked, copied, moved);
    }

    /** What is to be copied of a topic, which is made where it is missing. */
    private List<PartitionCopy> partitions(Levada source, Levada target, String name) {
        TopicDescription original = source.blocking().describeTopic(name);
        TopicDescription copy = provide(target.blocking(), original);
        int count = original.partitions().size();
        if (copy.partitions().size() != count) {
            throw new LevadaException(
                    ErrorCode.INVALID_PARTITIONS,
                    name + " has " + CommandContext.count(count, "partition") + " here and "
                            + copy.partitions().size()
                            + " there, where records could not keep their partitions; delete it"
                            + " there, or give the one with fewer more");
        }
        List<PartitionCopy> copies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            copies.add(new PartitionCopy(
                    source,
                    target,
                    new TopicPartition(name, i),
                    original.partitions().get(i),
                    copy.partitions().get(i)));
        }
        return copies;
    }

    private TopicDescription provide(BlockingLevada target, TopicDescription original) {
        TopicSpec spec =
                new TopicSpec(original.name(), original.partitions().size(), replicationFactor, original.config());
        try {
            return create(target, spec);
        } catch (LevadaException e) {
            if (e.code() != ErrorCode.TOPIC_ALREADY_EXISTS) {
                throw e;
            }
            return target.describeTopic(original.name());
        }
    }

    /** Leaves a setting out that the target refuses, if it is one that not every kind of log takes. */
    private TopicDescription create(BlockingLevada target, TopicSpec spec) {
        try {
            return target.createTopic(spec);
        } catch (LevadaException e) {
            String refused = OF_ONE_KIND_OF_LOG.stream()
                    .filter(name -> spec.config().containsKey(name) && e.line().contains(name))
                    .findFirst()
                    .orElseThrow(() -> e);
            Map<String, String> fewer = new HashMap<>(spec.config());
            String value = fewer.remove(refused);
            context.terminal()
                    .note(spec.name() + ": the target does not take " + refused + "=" + value + ", and goes without");
            return create(target, spec.config(fewer));
        }
    }

    /** Gives how many records of each partition were copied. */
    private Map<TopicPartition, Long> copyAll(List<PartitionCopy> copies) {
        long all = copies.stream().mapToLong(PartitionCopy::atMost).sum();
        long had = copies.stream().mapToLong(PartitionCopy::had).sum();
        Map<TopicPartition, Long> copied = new HashMap<>();
        try (ProgressBar progress = new ProgressBar(context.terminal(), "records")) {
            long[] done = new long[1];
            Flux.fromIterable(copies)
                    .flatMap(each -> each.copy().map(offset -> each.partition()), AT_ONCE)
                    .doOnNext(
                            partition -> { // one at a time, as flatMap gives them
                                copied.merge(partition, 1L, Long::sum);
                                done[0]++;
                                progress.update(done[0], all == 0 ? 1 : Math.min(1, (double) (had + done[0]) / all));
                            })
                    .blockLast();
        }
        return copied;
    }

    private List<PartitionComparison.Checked> checkAll(List<PartitionCopy> copies, GroupPlaces groups) {
        long all = copies.stream().mapToLong(PartitionCopy::atMost).sum();
        List<PartitionComparison.Checked> checked = new ArrayList<>();
        try (ProgressBar progress = new ProgressBar(context.terminal(), "records compared")) {
            long[] done = new long[1];
            for (PartitionCopy each : copies) {
                checked.add(each.check(groups.in(each.partition()), () -> {
                    done[0]++;
                    progress.update(done[0], Math.min(1, (double) done[0] / all));
                }));
            }
        }
        return checked;
    }

    private void print(
            List<String> names, List<PartitionComparison.Checked> checked, Map<TopicPartition, Long> copied, int groups)
            throws IOException {
        List<Outcome> outcomes = names.stream()
                .map(name -> outcome(
                        name,
                        checked.stream()
                                .filter(each -> each.partition().topic().equals(name))
                                .toList(),
                        copied))
                .toList();
        if (context.wantsJson()) {
            context.printJson(new TreeMap<>(Map.of("topics", outcomes, "groups", groups)));
            return;
        }
        TextTable table = new TextTable("TOPIC", "PARTITIONS", "RECORDS", "COPIED", "OFFSETS");
        for (Outcome each : outcomes) {
            table.row(
                    each.topic(),
                    each.partitions(),
                    each.records(),
                    each.copied(),
                    each.sameOffsets() ? "the same" : "others");
        }
        context.printLines(table.lines());
        context.terminal()
                .note("equal, record for record"
                        + (noGroups ? "" : "; places of " + CommandContext.count(groups, "group")));
    }

    private static Outcome outcome(
            String name, List<PartitionComparison.Checked> partitions, Map<TopicPartition, Long> copied) {
        return new Outcome(
                name,
                partitions.size(),
                partitions.stream()
                        .mapToLong(PartitionComparison.Checked::records)
                        .sum(),
                partitions.stream()
                        .mapToLong(each -> copied.getOrDefault(each.partition(), 0L))
                        .sum(),
                partitions.stream().allMatch(PartitionComparison.Checked::sameOffsets),
                partitions.stream().map(PartitionComparison.Checked::checksum).toList());
    }
}
