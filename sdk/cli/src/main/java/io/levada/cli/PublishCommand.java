package io.levada.cli;

import io.levada.Ack;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import reactor.core.publisher.Flux;

/** Publishes lines as records. */
@Command(
        name = "publish",
        description = "Publishes a file or standard input, one record a line, and waits until all of it is durable.")
final class PublishCommand implements Runnable {
    private final CommandContext context;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "TOPIC", description = "the topic, which must exist")
    private String topic = "";

    @Option(
            names = "--key-delimiter",
            paramLabel = "C",
            description = "the key is what stands before the first C of a line, the value the rest; \\t is a tab")
    private @Nullable String keyDelimiter;

    @Option(names = "--partition", paramLabel = "N", description = "all records into this partition, from 0")
    private int partition = Record.ANY_PARTITION;

    @Option(
            names = "--expected-offset",
            paramLabel = "N",
            description =
                    "only if the partition (--partition, or 0) ends at offset N, and nobody else writes there meanwhile;"
                            + " else OFFSET_MISMATCH, which says where it ends")
    private @Nullable Long expectedOffset;

    @Option(
            names = "--producer",
            paramLabel = "NAME",
            description = "publish under a name: whoever does so with the same one is refused from now on")
    private @Nullable String producer;

    @Option(names = "--file", paramLabel = "F", description = "the file to publish; standard input unless said")
    private @Nullable Path file;

    @Option(
            names = "--codec",
            paramLabel = "CODEC",
            converter = CodecName.class,
            completionCandidates = CodecName.Candidates.class,
            description = "how batches are compressed: none (unless said), lz4, zstd, snappy or gzip")
    private Compression codec = Compression.NONE;

    PublishCommand(CommandContext context) {
        this.context = context;
    }

    @Override
    public void run() {
        LineFormat format = new LineFormat(delimiter(), checkedPartition());
        try (InputStream in = input();
                Levada levada = context.open(options())) {
            LineReader lines = new LineReader(in);
            long published = new Publication(context.terminal(), lines, format, inputBytes())
                    .run(records -> publish(levada, records));
            context.terminal().note("published " + CommandContext.count(published, "record"));
        } catch (IOException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "cannot read " + inputName() + ": " + e, e);
        }
    }

    private LevadaOptions options() {
        if (producer != null && !TopicSpec.isName(producer)) {
            throw new ParameterException(
                    spec.commandLine(), "--producer is 1 to 200 of A-Z a-z 0-9 . _ -, not '" + producer + "'");
        } else if (expectedOffset != null && expectedOffset < 0) {
            throw new ParameterException(spec.commandLine(), "--expected-offset is 0 or more, not " + expectedOffset);
        }
        return LevadaOptions.defaults().withCompression(codec).withProducerName(producer);
    }

    private Flux<Ack> publish(Levada levada, Flux<Record> records) {
        return expectedOffset == null
                ? levada.publish(topic, records)
                : levada.publishAt(topic, Math.max(0, partition), expectedOffset, records);
    }

    private byte @Nullable [] delimiter() {
        if (keyDelimiter == null) {
            return null;
        } else if (keyDelimiter.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--key-delimiter needs at least one character");
        }
        return keyDelimiter.replace("\\t", "\t").getBytes(StandardCharsets.UTF_8);
    }

    private int checkedPartition() {
        if (partition < 0 && partition != Record.ANY_PARTITION) {
            throw new ParameterException(spec.commandLine(), "--partition is 0 or more, not " + partition);
        }
        return partition;
    }

    private InputStream input() throws IOException {
        if (file == null) {
            return context.terminal().in();
        } else if (Files.isDirectory(file)) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, file + " is a directory; name a file");
        }
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "there is no file " + file, e);
        }
    }

    /** The size of what is published, or -1 when nobody knows it before the end. */
    private long inputBytes() throws IOException {
        return file != null && Files.isRegularFile(file) ? Files.size(file) : -1;
    }

    private String inputName() {
        return file == null ? "standard input" : file.toString();
    }

    /** Codecs in lower case, as everybody writes them. */
    static final class CodecName implements ITypeConverter<Compression> {
        @Override
        public Compression convert(String name) {
            try {
                return Compression.parse(name);
            } catch (LevadaException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }

        /** The names, for completion. */
        static final class Candidates implements Iterable<String> {
            @Override
            public Iterator<String> iterator() {
                return Arrays.stream(Compression.values())
                        .map(Compression::spelled)
                        .iterator();
            }
        }
    }
}
