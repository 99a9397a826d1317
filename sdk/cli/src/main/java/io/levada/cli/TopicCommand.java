package io.levada.cli;

import io.levada.BlockingLevada;
import io.levada.DeadLetters;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicDescription;
import io.levada.TopicDescription.PartitionDescription;
import io.levada.TopicSpec;
import io.levada.cli.ConsumeCommand.PositionConverter;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Administration of topics. */
@Command(
        name = "topic",
        description = "Creates, lists, describes, alters and deletes topics, and replays dead letters.")
final class TopicCommand extends CommandGroup {
    private final CommandContext context;

    TopicCommand(CommandContext context) {
        this.context = context;
    }

    @Command(description = "Creates a topic; it is durable when this returns.")
    int create(
            @Parameters(paramLabel = "NAME", description = "1 to 200 of A-Z a-z 0-9 . _ -") String name,
            @Option(
                            names = "--partitions",
                            paramLabel = "N",
                            defaultValue = "1",
                            description = "how many members of a group can share it; 1 unless said")
                    int partitions,
            @Option(
                            names = "--replication-factor",
                            paramLabel = "N",
                            defaultValue = "1",
                            description = "copies on different machines; one machine keeps 1")
                    int replicationFactor,
            @Mixin TopicOptions options)
            throws IOException {
        TopicSpec spec = TopicSpec.of(name)
                .partitions(partitions)
                .replicationFactor(replicationFactor)
                .config(options.config());
        TopicDescription created = context.ask(levada -> levada.createTopic(spec));
        if (context.wantsJson()) {
            context.printJson(created);
        } else {
            context.terminal().note("created " + name + " with " + CommandContext.count(partitions, "partition"));
        }
        return LevadaCli.DONE;
    }

    @Command(description = "Lists the topics.")
    int list() throws IOException {
        List<String> names = context.ask(BlockingLevada::topics);
        if (context.wantsJson()) {
            context.printJson(Map.of("topics", names));
        } else {
            context.printLines(names);
        }
        return LevadaCli.DONE;
    }

    @Command(description = "Shows the partitions of a topic and what they hold.")
    int describe(@Parameters(paramLabel = "NAME") String name) throws IOException {
        TopicDescription topic = context.ask(levada -> levada.describeTopic(name));
        if (context.wantsJson()) {
            context.printJson(topic);
            return LevadaCli.DONE;
        }
        TextTable table = new TextTable("PARTITION", "START", "END", "DURABLE", "BYTES");
        for (PartitionDescription partition : topic.partitions()) {
            table.row(
                    partition.partition(), partition.start(), partition.end(), partition.durable(), partition.bytes());
        }
        String heading = topic.name() + ", "
                + CommandContext.count(topic.partitions().size(), "partition") + ", id " + topic.id();
        context.print(heading);
        for (Map.Entry<String, String> entry : new TreeMap<>(topic.config()).entrySet()) {
            context.print(entry.getKey() + " = " + entry.getValue());
        }
        context.printLines(table.lines());
        return LevadaCli.DONE;
    }

    @Command(description = "Shows at which offset of each partition reading from a position would begin.")
    int offsets(
            @Parameters(paramLabel = "NAME") String name,
            @Option(
                            names = "--at",
                            paramLabel = "POSITION",
                            converter = PositionConverter.class,
                            defaultValue = "latest",
                            description = "earliest, latest, offset:N, time:ISO, ago:2h or a token; latest unless said")
                    Position at,
            @Option(names = "--partition", paramLabel = "N", description = "of this one alone") @Nullable
                    Integer partition)
            throws IOException {
        SortedMap<Integer, Long> offsets = context.ask(levada -> levada.offsets(name, partition, at));
        if (context.wantsJson()) {
            context.printJson(Places.of(name, offsets));
            return LevadaCli.DONE;
        }
        TextTable table = new TextTable("PARTITION", "OFFSET");
        offsets.forEach(table::row);
        context.printLines(table.lines());
        return LevadaCli.DONE;
    }

    /** As the protocol tells them. */
    private record Places(String topic, List<Place> offsets) {
        private record Place(int partition, long offset) {}

        private static Places of(String topic, SortedMap<Integer, Long> offsets) {
            return new Places(
                    topic,
                    offsets.entrySet().stream()
                            .map(each -> new Place(each.getKey(), each.getValue()))
                            .toList());
        }
    }

    @Command(description = "Changes settings of a topic, at once; those not named stay. Or gives it more partitions.")
    int alter(
            @Parameters(paramLabel = "NAME") String name,
            @Option(
                            names = "--partitions",
                            paramLabel = "N",
                            description = "how many there are to be, more than there are: groups read the new ones from"
                                    + " their beginning; records with a key may go to another partition from then on")
                    @Nullable
                    Integer partitions,
            @Mixin TopicOptions options)
            throws IOException {
        Map<String, String> config = options.config();
        if (config.isEmpty() && partitions == null) {
            throw new LevadaException(
                    ErrorCode.INVALID_CONFIG,
                    "nothing to change: name a setting, such as --retention 7d, or --partitions");
        }
        TopicDescription altered = context.ask(levada -> {
            TopicDescription changed = config.isEmpty() ? null : levada.alterTopic(name, config);
            return partitions == null ? Objects.requireNonNull(changed) : levada.addPartitions(name, partitions);
        });
        if (context.wantsJson()) {
            context.printJson(altered);
        } else {
            context.terminal().note("altered " + name);
        }
        return LevadaCli.DONE;
    }

    @Command(name = "delete-records", description = "Deletes the records of a partition before an offset.")
    int deleteRecords(
            @Parameters(paramLabel = "NAME") String name,
            @Option(names = "--partition", paramLabel = "N", required = true) int partition,
            @Option(
                            names = "--before",
                            paramLabel = "OFFSET",
                            required = true,
                            description = "the first offset that is kept")
                    long before)
            throws IOException {
        long start = context.ask(levada -> levada.deleteRecords(name, partition, before));
        if (context.wantsJson()) {
            context.printJson(Map.of("start", start));
        } else {
            context.terminal().note(name + "-" + partition + " starts at offset " + start);
        }
        return LevadaCli.DONE;
    }

    @Command(
            description = "Publishes the dead letters of a topic where they came from, and deletes them here. Ends with"
                    + " what there is at its start; interrupted, it may be started again, and some come twice.")
    int replay(@Parameters(paramLabel = "NAME", description = "the topic of dead letters") String name)
            throws IOException {
        long count;
        try (Levada levada = context.open()) {
            count = Objects.requireNonNull(DeadLetters.in(levada, name).replay().block());
        }
        if (context.wantsJson()) {
            context.printJson(Map.of("replayed", count));
        } else {
            context.terminal().note("replayed " + CommandContext.count(count, "record") + " of " + name);
        }
        return LevadaCli.DONE;
    }

    @Command(description = "Deletes a topic and its records.")
    int delete(@Parameters(paramLabel = "NAME") String name) throws IOException {
        context.tell(levada -> levada.deleteTopic(name));
        if (context.wantsJson()) {
            context.printJson(Map.of("deleted", name));
        } else {
            context.terminal().note("deleted " + name);
        }
        return LevadaCli.DONE;
    }
}
