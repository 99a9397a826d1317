package io.levada.main;

import io.levada.access.AccessControl;
import io.levada.access.AuthOptions;
import io.levada.access.Quota;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say who is let in, what they may, and how much. */
final class AccessOptions {
    @Spec(Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final AuthOptions auth = new AuthOptions();

    @Option(
            names = "--auth-certificates",
            paramLabel = "FILE",
            description = "takes client certificates, by lines SUBJECT_DN=PRINCIPAL of this file")
    private @Nullable Path certificates;

    @Option(
            names = "--quota-publish-bytes",
            paramLabel = "SIZE",
            converter = RateBytes.class,
            description = "how many bytes a second a principal may publish; without bound unless said")
    private @Nullable Long publishBytes;

    @Option(
            names = "--quota-connections",
            paramLabel = "N",
            converter = Many.class,
            description = "how many connections a principal may have; 1000 unless said")
    private int connections = Quota.DEFAULT.connections();

    @Option(
            names = "--quota-subscriptions",
            paramLabel = "N",
            converter = Many.class,
            description = "how many readings a principal may have open; 10000 unless said")
    private int subscriptions = Quota.DEFAULT.subscriptions();

    /** Reads the files; asks nobody where no means of asking is given. */
    AccessControl start() {
        return auth.start(
                spec,
                certificates,
                new Quota(
                        publishBytes == null ? Quota.DEFAULT.publishBytesPerSecond() : publishBytes,
                        connections,
                        subscriptions));
    }

    static final class RateBytes extends ValueKind.Size {
        RateBytes() {
            super(1 << 10, 1L << 40);
        }
    }

    static final class Many extends ValueKind.Count {
        Many() {
            super(1, 1_000_000);
        }
    }
}
