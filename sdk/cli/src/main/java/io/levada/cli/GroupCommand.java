package io.levada.cli;

import io.levada.BlockingLevada;
import io.levada.GroupDescription;
import io.levada.GroupDescription.GroupOffset;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.cli.ConsumeCommand.PositionConverter;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Administration of groups. */
@Command(name = "group", description = "Lists, describes, resets and deletes groups of consumers.")
final class GroupCommand extends CommandGroup {
    private final CommandContext context;

    GroupCommand(CommandContext context) {
        this.context = context;
    }

    @Command(description = "Lists the groups.")
    int list() throws IOException {
        List<String> names = context.ask(BlockingLevada::groups);
        if (context.wantsJson()) {
            context.printJson(Map.of("groups", names));
        } else {
            context.printLines(names);
        }
        return LevadaCli.DONE;
    }

    @Command(description = "Shows the members of a group, what they own, and how far the group is.")
    int describe(@Parameters(paramLabel = "GROUP") String name) throws IOException {
        GroupDescription group = context.ask(levada -> levada.describeGroup(name));
        if (context.wantsJson()) {
            context.printJson(group);
            return LevadaCli.DONE;
        }
        context.print(group.group() + ", " + group.state() + ", generation " + group.generation());
        if (!group.members().isEmpty()) {
            context.print("");
            context.printLines(members(group).lines());
        }
        if (!group.offsets().isEmpty()) {
            context.print("");
            context.printLines(offsets(group).lines());
        }
        return LevadaCli.DONE;
    }

    private static TextTable members(GroupDescription group) {
        TextTable table = new TextTable("MEMBER", "PARTITIONS");
        for (MemberDescription member : group.members()) {
            String partitions = member.partitions().stream()
                    .sorted()
                    .map(TopicPartition::toString)
                    .collect(Collectors.joining(" "));
            table.row(member.member(), member.idle() ? "(idle)" : partitions);
        }
        return table;
    }

    private static TextTable offsets(GroupDescription group) {
        TextTable table = new TextTable("TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "LAG-MS");
        for (GroupOffset offset : group.offsets()) {
            table.row(
                    offset.topic(),
                    offset.partition(),
                    offset.committed() < 0 ? "-" : offset.committed(),
                    offset.end(),
                    offset.lag(),
                    offset.lagMs());
        }
        return table;
    }

    @Command(description = "Shows how far a group is behind, in records and in milliseconds.")
    int lag(@Parameters(paramLabel = "GROUP") String name) throws IOException {
        GroupDescription group = context.ask(levada -> levada.describeGroup(name));
        if (context.wantsJson()) {
            context.printJson(Map.of("group", group.group(), "offsets", group.offsets()));
        } else {
            context.printLines(offsets(group).lines());
        }
        return LevadaCli.DONE;
    }

    @Command(
            description =
                    "Moves a group to another place in a topic, forth or back, also while members are active, who are"
                            + " told and go on from there.")
    int reset(
            @Parameters(paramLabel = "GROUP") String name,
            @Option(names = "--topic", required = true, paramLabel = "TOPIC", description = "the topic") String topic,
            @Option(names = "--partition", paramLabel = "N", description = "only this partition, from 0") @Nullable
                    Integer partition,
            @Option(
                            names = "--to",
                            required = true,
                            paramLabel = "POSITION",
                            converter = PositionConverter.class,
                            description =
                                    "earliest, latest, offset:N, time:ISO (the first record from then on), ago:2h, or"
                                            + " a token")
                    Position to)
            throws IOException {
        GroupDescription group = context.ask(levada -> levada.resetGroup(name, topic, partition, to));
        if (context.wantsJson()) {
            context.printJson(group);
        } else {
            context.printLines(offsets(group).lines());
        }
        return LevadaCli.DONE;
    }

    @Command(description = "Deletes a group that has no members, with its commits.")
    int delete(@Parameters(paramLabel = "GROUP") String name) throws IOException {
        context.tell(levada -> levada.deleteGroup(name));
        if (context.wantsJson()) {
            context.printJson(Map.of("deleted", name));
        } else {
            context.terminal().note("deleted " + name);
        }
        return LevadaCli.DONE;
    }
}
