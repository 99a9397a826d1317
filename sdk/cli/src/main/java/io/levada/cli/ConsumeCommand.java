package io.levada.cli;

import io.levada.Delivery;
import io.levada.Dropped;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import io.levada.Overflow;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import io.levada.TopicPattern;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import reactor.core.publisher.Flux;

/** Prints records, alone or as a member of a group. */
@Command(
        name = "consume",
        description = {
            "Prints the records of topics, one a line.",
            "Without a group it reads all partitions and leaves no trace. With one it joins the group, shares the "
                    + "partitions with its other members, and commits what it printed."
        })
final class ConsumeCommand implements Callable<Integer> {
    enum Format {
        VALUE,
        JSON
    }

    /** Records that each of several topics may have ready; 1 when the rate is set, as it is demand that sets it. */
    private static final int MERGE_PREFETCH_RECORDS = 256;

    private final CommandContext context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            paramLabel = "TOPIC[,TOPIC]",
            split = ",",
            arity = "1",
            description =
                    "the topics; * stands for any characters, as in 'orders-*'. A group also gets those that come to match")
    private List<String> topics = List.of();

    @Option(names = "--group", paramLabel = "G", description = "the group to be a member of")
    private @Nullable String group;

    @Option(
            names = "--instance-id",
            paramLabel = "ID",
            description =
                    "who this is across restarts: its partitions wait for it for the grace period (10 s), and nobody else"
                            + " may use the id meanwhile")
    private @Nullable String instanceId;

    @Option(
            names = "--max-stall",
            paramLabel = "TIME",
            description =
                    "leave the group, with an error, when records were not taken for as long, such as 30s (1s to 7d);"
                            + " without it, a member keeps its partitions however slow it is")
    private @Nullable String maxStall;

    @Mixin
    private FilterOptions filter = new FilterOptions();

    @Option(
            names = "--from",
            paramLabel = "POSITION",
            converter = PositionConverter.class,
            description =
                    "earliest, latest, committed, offset:N, time:ISO, ago:2h or a token; earliest unless said. With a group: where "
                            + "partitions start that have no commit")
    private @Nullable Position from;

    @Option(
            names = "--to",
            paramLabel = "END",
            converter = EndConverter.class,
            description = "now, or offset:N; without it goes on as records come")
    private End to = End.never();

    @Option(
            names = "--overflow",
            paramLabel = "POLICY",
            converter = OverflowConverter.class,
            description =
                    "what becomes of records that come faster than they are asked for: pause (they wait in the log), "
                            + "latest (only the last), conflate (only the last of each key), drop (none, and which they were is told), "
                            + "disconnect (end with SLOW_CONSUMER). With :N behind it, such as drop:1000, N of each partition may "
                            + "wait. pause unless said")
    private @Nullable Overflow overflow;

    @Option(names = "--partition", paramLabel = "N", description = "this partition alone")
    private @Nullable Integer partition;

    @Option(names = "--max", paramLabel = "N", description = "ends after N records")
    private long max = Long.MAX_VALUE;

    @Option(names = "--rate", paramLabel = "N", description = "asks for N records a second and no more")
    private double rate;

    @Option(names = "--format", paramLabel = "value|json", description = "value unless said; json with --output json")
    private @Nullable Format format;

    ConsumeCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        check();
        try (Levada levada = context.open()) {
            Consumption consumption = new Consumption(
                    new RecordPrinter(context.terminal(), wantsJson()),
                    new Pace(rate, max, System::nanoTime),
                    goal(levada));
            context.shutdown().onStop(consumption::stop);
            consumption.run(group == null ? read(levada) : receive(levada, group));
        }
        return LevadaCli.DONE;
    }

    private void check() {
        refuse(max < 0, "--max is 0 or more, not " + max);
        refuse(rate < 0 || rate > 1e9, "--rate is up to 1000000000, not " + rate);
        refuse(partition != null && partition < 0, "--partition is 0 or more, not " + partition);
        refuse(partition != null && group != null, "--partition reads without a group; leave --group out");
        refuse(overflow != null && group != null, "--overflow reads without a group: a group gets every record");
        refuse(instanceId != null && group == null, "--instance-id is for a member of a group; name it with --group");
        refuse(maxStall != null && group == null, "--max-stall is for a member of a group; name it with --group");
        refuse(
                group == null && from instanceof Position.Committed,
                "--from committed is where a group is; name it with --group");
        refuse(
                group != null && to instanceof End.AtTime,
                "--to time:... reads without a group; with one use now or offset:N");
    }

    private void refuse(boolean wrong, String why) {
        if (wrong) {
            throw new ParameterException(spec.commandLine(), why);
        }
    }

    /** The engine ends a read by itself; a group's stream goes on, so that its end is ours to find. */
    private @Nullable Goal goal(Levada levada) {
        return group == null || to instanceof End.Never
                ? null
                : Goal.of(levada.blocking(), group, names(levada), firstPosition(), to);
    }

    private boolean wantsJson() {
        return format == null ? context.wantsJson() : format == Format.JSON;
    }

    private Position firstPosition() {
        if (from != null) {
            return from;
        }
        return group == null ? Position.earliest() : Position.committed();
    }

    private Flux<Delivery> read(Levada levada) {
        List<Flux<Delivery>> reads = names(levada).stream()
                .map(topic -> levada.read(spec(topic)).<Delivery>map(Unacknowledged::new))
                .toList();
        return reads.size() == 1 ? reads.get(0) : merged(reads);
    }

    private ReadSpec spec(String topic) {
        Overflow policy = overflow == null ? Overflow.pause() : overflow;
        return ReadSpec.of(topic)
                .partition(partition)
                .from(firstPosition())
                .to(to)
                .filter(filter.filter())
                .overflow(new Overflow(policy.policy(), policy.maxLag(), this::tell));
    }

    private void tell(Dropped dropped) {
        context.terminal()
                .note("dropped " + (dropped.to() - dropped.from()) + " of " + dropped.topic() + "-"
                        + dropped.partition()
                        + ": read them with --partition " + dropped.partition() + " --from offset:" + dropped.from()
                        + " --to offset:" + dropped.to());
    }

    /** The topics there are now, where patterns stand for them. */
    private List<String> names(Levada levada) {
        if (topics.stream().noneMatch(TopicPattern::isPattern)) {
            return topics;
        }
        List<String> names = TopicPattern.expand(topics, levada.blocking().topics());
        if (names.isEmpty()) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic that matches " + String.join(",", topics));
        }
        return names;
    }

    private Flux<Delivery> merged(List<Flux<Delivery>> reads) {
        int prefetch = rate > 0 ? 1 : MERGE_PREFETCH_RECORDS;
        return Flux.fromIterable(reads).flatMap(read -> read, reads.size(), prefetch);
    }

    private Flux<Delivery> receive(Levada levada, String name) {
        MemberOptions options = MemberOptions.defaults()
                .withInstanceId(instanceId)
                .withFilter(filter.filter())
                .withMaxStall(maxStall == null ? null : Duration.ofMillis(Units.ms("--max-stall", maxStall)))
                .withFrom(firstPosition())
                .withOnEvent(this::tell);
        return levada.group(name).receive(topics, options);
    }

    private void tell(MemberEvent event) {
        String text;
        if (event instanceof MemberEvent.Joined joined) {
            text = "joined as " + joined.member() + ", generation " + joined.generation();
        } else if (event instanceof MemberEvent.Idle idle) {
            text = "idle: " + idle.reason();
        } else if (event instanceof MemberEvent.Revoking revoking) {
            text = "handing over " + revoking.topicPartition();
        } else if (event instanceof MemberEvent.Seeked seeked) {
            text = seeked.topicPartition() + " was moved to " + seeked.offset();
        } else if (event instanceof MemberEvent.Lost lost) {
            text = "lost " + lost.topicPartition();
        } else {
            return;
        }
        context.terminal().note(text);
    }

    /** A record read without a group: there is nobody to tell that it is done with. */
    private record Unacknowledged(StoredRecord record) implements Delivery {
        @Override
        public void ack() {
            // no state is kept for it
        }
    }

    /** Positions as the facade spells them, and times counted from now, as {@code ago:2h}. */
    static final class PositionConverter implements ITypeConverter<Position> {
        private static final String AGO = "ago:";

        @Override
        public Position convert(String text) {
            try {
                return text.startsWith(AGO)
                        ? Position.time(Instant.now().minusMillis(Units.ms(AGO, text.substring(AGO.length()))))
                        : Position.parse(text);
            } catch (LevadaException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** Policies as the facade spells them. */
    static final class OverflowConverter implements ITypeConverter<Overflow> {
        @Override
        public Overflow convert(String text) {
            try {
                return Overflow.parse(text);
            } catch (LevadaException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** Ends as the facade spells them. */
    static final class EndConverter implements ITypeConverter<End> {
        @Override
        public End convert(String text) {
            try {
                return End.parse(text);
            } catch (LevadaException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
