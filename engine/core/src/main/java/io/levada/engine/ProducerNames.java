package io.levada.engine;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicSpec;
import io.levada.env.Env;
import io.levada.env.Loop;
import io.levada.facade.ProducerId;
import io.levada.log.PartitionLog;
import io.levada.log.ProducerEpochs;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Gives producers their ids and epochs. Without a name that is a random id, kept nowhere. A name keeps its id and has an
 * epoch more each time it is opened, durable in the internal topic {@code __producers} before it is told; from then on no
 * partition takes a batch of an earlier one. Names are opened one at a time, on a loop that waits for the disk.
 */
final class ProducerNames {
    static final String TOPIC = "__producers";

    /** Names are kept for good, in memory too: some 300 bytes each. One more is refused, as forgetting one would unfence it. */
    static final int MAX_NAMES = 100_000;

    private static final Logger LOG = LoggerFactory.getLogger(ProducerNames.class);

    private final Env env;
    private final Loop loop;
    private final ProducerEpochs epochs;
    private final Supplier<PartitionLog> topic;
    private final ByteBufAllocator allocator;

    /** The loop's own once it is filled. */
    private final Map<String, NamedProducer> names = new HashMap<>();

    /** Why no names can be opened: what was given out is not known. */
    private @Nullable LevadaException unreadable;

    /**
     * Reads what was given out, and has it kept to.
     *
     * @param written the topic's partition, or null if there is no such topic yet
     * @param topic the same, made where it is missing; blocks
     */
    ProducerNames(
            Env env,
            ProducerEpochs epochs,
            @Nullable PartitionLog written,
            Supplier<PartitionLog> topic,
            ByteBufAllocator allocator) {
        this.env = env;
        this.loop = env.scheduler().newLoop("producers");
        this.epochs = epochs;
        this.topic = topic;
        this.allocator = allocator;
        if (written != null) {
            read(written);
        }
    }

    private void read(PartitionLog written) {
        try {
            InternalTopic.replay(written, TOPIC, (key, value) -> {
                if (value != null) {
                    apply(NamedProducer.decode(key, value));
                }
            });
        } catch (LevadaException e) {
            LOG.error("producers with a name cannot be opened, and older ones are not all refused", e);
            unreadable = e;
        }
    }

    private void apply(NamedProducer named) {
        names.put(named.name(), named);
        named.former().forEach(epochs::retire);
        epochs.set(named.current().id(), named.current().epoch());
    }

    /** A producer that nobody else is; see {@link io.levada.facade.Engine#openProducer}. */
    Mono<ProducerId> open(@Nullable String name) {
        if (name == null) {
            return Mono.fromSupplier(() -> new ProducerId(freshId(), (short) 0));
        }
        return Mono.create(sink -> {
            try {
                loop.execute(() -> {
                    try {
                        sink.success(openNow(name));
                    } catch (RuntimeException e) {
                        sink.error(LevadaException.of(e));
                    }
                });
            } catch (RejectedExecutionException e) {
                sink.error(new LevadaException(ErrorCode.GOING_AWAY, "the log is closed", e));
            }
        });
    }

    private long freshId() {
        return env.randomness().nextLong() & Long.MAX_VALUE;
    }

    private ProducerId openNow(String name) {
        if (!TopicSpec.isName(name)) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "'" + name + "' is no name for a producer; use 1 to 200 of A-Z a-z 0-9 . _ -, not . or ..");
        } else if (unreadable != null) {
            throw unreadable;
        }
        NamedProducer known = names.get(name);
        if (known == null && names.size() >= MAX_NAMES) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "there are " + MAX_NAMES + " names of producers, which are kept for good; use one of them again");
        }
        long fresh = freshId();
        NamedProducer opened = known == null
                ? new NamedProducer(name, new ProducerId(fresh, (short) 0), List.of())
                : known.next(fresh);
        env.scheduler().await(append(opened));
        apply(opened);
        return opened.current();
    }

    private CompletableFuture<Long> append(NamedProducer opened) {
        CompletableFuture<Long> durable = new CompletableFuture<>();
        topic.get().append(encoded(opened), (baseOffset, error) -> {
            if (error == null) {
                durable.complete(baseOffset);
            } else {
                durable.completeExceptionally(error);
            }
        });
        return durable;
    }

    private ByteBuf encoded(NamedProducer opened) {
        try (BatchBuilder builder = new BatchBuilder(allocator, Compression.NONE, Limits.DEFAULT)) {
            builder.append(Math.max(0, env.clock().wallMs()), opened.key(), opened.value(), List.of());
            return builder.build();
        }
    }
}
