package io.levada.main;

import io.levada.LevadaException;
import io.levada.cli.Units;
import io.levada.rest.RestRoutes;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * Values that an option takes, as they are written, with what is allowed: said where one is refused, and in the reference
 * of settings. An option's converter that extends this needs no other check.
 *
 * @param <T> what the value becomes
 */
abstract class ValueKind<T> implements ITypeConverter<T> {
    private final String allowed;

    ValueKind(String allowed) {
        this.allowed = allowed;
    }

    /** What an option takes, for people. */
    static String allowed(OptionSpec option) {
        for (ITypeConverter<?> converter : option.converters()) {
            if (converter instanceof ValueKind<?> kind) {
                return kind.allowed;
            }
        }
        Class<?> type = option.isMultiValue() ? option.auxiliaryTypes()[0] : option.type();
        if (type == boolean.class || type == Boolean.class) {
            return "true, false";
        } else if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(each -> each.toString().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", "));
        }
        return type == int.class || type == long.class ? "a number" : "text";
    }

    @Override
    public final T convert(String value) {
        try {
            return parse(value);
        } catch (IllegalArgumentException | ArithmeticException | LevadaException e) {
            TypeConversionException refusal = new TypeConversionException("'" + value + "' is not allowed: " + allowed);
            refusal.initCause(e);
            throw refusal;
        }
    }

    /** Fails with any of the exceptions of {@link #convert} where a value is not allowed. */
    abstract T parse(String value);

    static void require(boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException("out of range");
        }
    }

    /** Of TCP. */
    static final class Port extends ValueKind<Integer> {
        private static final int MAX_PORT = 65_535;

        Port() {
            super("0 (any that is free) to " + MAX_PORT);
        }

        @Override
        Integer parse(String value) {
            int port = Integer.parseInt(value);
            require(port >= 0 && port <= MAX_PORT);
            return port;
        }
    }

    /** As browsers send it. */
    static final class Origin extends ValueKind<String> {
        private static final Pattern ORIGIN =
                Pattern.compile("https?://(?:[a-z0-9._-]+|\\[[0-9a-f:.]+])(?::[0-9]{1,5})?");

        Origin() {
            super("an origin like https://app.example or http://localhost:3000, without a path");
        }

        @Override
        String parse(String value) {
            require(ORIGIN.matcher(value).matches());
            return value;
        }
    }

    /** As it stands in a Host header. */
    static final class HostName extends ValueKind<String> {
        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})");

        HostName() {
            super("a name like levada.example, without a port");
        }

        @Override
        String parse(String value) {
            require(NAME.matcher(value).matches());
            return value;
        }
    }

    /** Where something is reached. */
    static final class HostAndPort extends ValueKind<String> {
        HostAndPort() {
            super("HOST:PORT, as gateway-1.levada.example:7880 or [::1]:7880");
        }

        @Override
        String parse(String value) {
            require(RestRoutes.isAddress(value) && new Port().parse(value.substring(value.lastIndexOf(':') + 1)) > 0);
            return value;
        }
    }

    /** A number within bounds. */
    static class Count extends ValueKind<Integer> {
        private final int least;
        private final int most;

        Count(int least, int most) {
            super(least + " to " + most);
            this.least = least;
            this.most = most;
        }

        @Override
        Integer parse(String value) {
            int count = Integer.parseInt(value);
            require(count >= least && count <= most);
            return count;
        }
    }

    /** Bytes within bounds. */
    static class Size extends ValueKind<Long> {
        private final long least;
        private final long most;

        Size(long least, long most) {
            super(Units.text(least) + " to " + Units.text(most) + ", as 65536, 64MiB or 10GB");
            this.least = least;
            this.most = most;
        }

        @Override
        Long parse(String value) {
            long bytes = Units.bytes("a size", value);
            require(bytes >= least && bytes <= most);
            return bytes;
        }
    }

    /** A time within bounds. */
    static class Time extends ValueKind<Duration> {
        private final Duration least;
        private final Duration most;

        Time(Duration least, Duration most) {
            super(least.toMillis() + "ms to " + most.toSeconds() + "s, as 500ms, 5s or 2m");
            this.least = least;
            this.most = most;
        }

        @Override
        Duration parse(String value) {
            Duration time = Duration.ofMillis(Units.ms("a time", value));
            require(time.compareTo(least) >= 0 && time.compareTo(most) <= 0);
            return time;
        }
    }
}
