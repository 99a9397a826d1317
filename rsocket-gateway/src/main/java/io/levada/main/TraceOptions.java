package io.levada.main;

import java.net.URI;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say where traces go, and how many are taken. */
final class TraceOptions {
    private static final double DEFAULT_RATIO = 0.1;

    @Option(
            names = "--trace-endpoint",
            paramLabel = "URL",
            converter = Endpoint.class,
            description = "sends spans of requests over HTTP to this collector, as OTLP in protobuf; an OpenTelemetry"
                    + " collector takes them at http://HOST:4318/v1/traces. Not traced unless said")
    private @Nullable URI endpoint;

    @Option(
            names = "--trace-ratio",
            paramLabel = "R",
            converter = Ratio.class,
            description = "which part of the requests is traced that do not say so themselves, in their traceparent;"
                    + " 0.1 unless said")
    private double ratio = DEFAULT_RATIO;

    Tracing start() {
        return endpoint == null ? Tracing.none() : Tracing.to(endpoint, ratio);
    }

    static final class Endpoint extends ValueKind<URI> {
        Endpoint() {
            super("a URL like http://127.0.0.1:4318/v1/traces");
        }

        @Override
        URI parse(String value) {
            URI uri = URI.create(value);
            require(uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())));
            return uri;
        }
    }

    static final class Ratio extends ValueKind<Double> {
        Ratio() {
            super("0 to 1, as 0.1");
        }

        @Override
        Double parse(String value) {
            double ratio = Double.parseDouble(value);
            require(ratio >= 0 && ratio <= 1);
            return ratio;
        }
    }
}
