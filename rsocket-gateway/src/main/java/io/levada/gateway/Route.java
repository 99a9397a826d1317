package io.levada.gateway;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import io.rsocket.metadata.CompositeMetadata;
import io.rsocket.metadata.WellKnownMimeType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** What may be asked for over RSocket, and how. */
enum Route {
    TOPICS_LIST("topics.list", Interaction.REQUEST_RESPONSE),
    TOPICS_DESCRIBE("topics.describe", Interaction.REQUEST_RESPONSE),
    TOPICS_CREATE("topics.create", Interaction.REQUEST_RESPONSE),
    TOPICS_ALTER("topics.alter", Interaction.REQUEST_RESPONSE),
    TOPICS_DELETE_RECORDS("topics.deleteRecords", Interaction.REQUEST_RESPONSE),
    TOPICS_DELETE("topics.delete", Interaction.REQUEST_RESPONSE),
    GROUPS_LIST("groups.list", Interaction.REQUEST_RESPONSE),
    GROUPS_DESCRIBE("groups.describe", Interaction.REQUEST_RESPONSE),
    GROUPS_RESET("groups.reset", Interaction.REQUEST_RESPONSE),
    GROUPS_DELETE("groups.delete", Interaction.REQUEST_RESPONSE),
    OFFSETS("offsets", Interaction.REQUEST_RESPONSE),
    PRODUCERS_OPEN("producers.open", Interaction.REQUEST_RESPONSE),
    PUBLISH("publish", Interaction.CHANNEL, Interaction.REQUEST_RESPONSE, Interaction.FIRE_AND_FORGET),
    READ("read", Interaction.STREAM),
    READ_BATCHED("read.batched", Interaction.CHANNEL),
    STATS("stats", Interaction.STREAM),
    SESSION("session", Interaction.STREAM),
    GROUP("group", Interaction.CHANNEL),
    GROUP_PARTITION("group.partition", Interaction.STREAM),
    GROUP_PARTITION_BATCHED("group.partition.batched", Interaction.CHANNEL);

    /** RSocket's four kinds of requests. */
    enum Interaction {
        REQUEST_RESPONSE("a request-response"),
        FIRE_AND_FORGET("a fire-and-forget"),
        STREAM("a stream"),
        CHANNEL("a channel");

        private final String spelled;

        Interaction(String spelled) {
            this.spelled = spelled;
        }
    }

    static final String COMPOSITE = WellKnownMimeType.MESSAGE_RSOCKET_COMPOSITE_METADATA.getString();
    static final String ROUTING = WellKnownMimeType.MESSAGE_RSOCKET_ROUTING.getString();

    private final String spelled;

    @SuppressWarnings("ImmutableEnumChecker") // unmodifiable, of enums; the JDK's type does not say so
    private final Set<Interaction> interactions;

    Route(String spelled, Interaction first, Interaction... more) {
        this.spelled = spelled;
        this.interactions = Collections.unmodifiableSet(EnumSet.of(first, more));
    }

    String spelled() {
        return spelled;
    }

    /**
     * The route that a request's metadata names.
     *
     * @param composite whether the metadata is composite, or just the routing metadata
     */
    static Route of(Payload request, boolean composite, Interaction interaction) {
        String name = name(request, composite);
        for (Route route : values()) {
            if (route.spelled.equals(name)) {
                return route.checked(interaction);
            }
        }
        throw invalid("there is no route '" + printable(name) + "' for " + interaction.spelled + "; use "
                + Arrays.stream(values())
                        .filter(route -> route.interactions.contains(interaction))
                        .map(Route::spelled)
                        .collect(Collectors.joining(", ")));
    }

    private Route checked(Interaction interaction) {
        if (!interactions.contains(interaction)) {
            throw invalid("route '" + spelled + "' is "
                    + interactions.stream().map(kind -> kind.spelled).collect(Collectors.joining(" or ")) + ", not "
                    + interaction.spelled);
        }
        return this;
    }

    private static String name(Payload request, boolean composite) {
        ByteBuf metadata = request.hasMetadata()
                ? request.sliceMetadata()
                : request.sliceMetadata().slice(0, 0);
        try {
            if (!composite) {
                return firstTag(metadata);
            }
            for (CompositeMetadata.Entry entry : new CompositeMetadata(metadata, false)) {
                if (ROUTING.equals(entry.getMimeType())) {
                    return firstTag(entry.getContent());
                }
            }
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "the metadata is no " + (composite ? COMPOSITE : ROUTING), e);
        }
        throw invalid("the metadata names no route; it is to hold " + ROUTING);
    }

    /** Routing metadata is tags, each behind its length in one byte. */
    private static String firstTag(ByteBuf tags) {
        if (!tags.isReadable()) {
            throw invalid("the metadata names no route; it is to hold " + ROUTING);
        }
        return tags.toString(tags.readerIndex() + 1, tags.getUnsignedByte(tags.readerIndex()), StandardCharsets.UTF_8);
    }

    private static String printable(String text) {
        return text.length() <= 64 ? text : text.substring(0, 64) + "...";
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
