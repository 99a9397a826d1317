package io.levada;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A log for callers that block. Every method waits for its outcome and fails with a {@link LevadaException}. A thread
 * that is interrupted while it waits stops waiting, stays marked as interrupted, and gets {@link ErrorCode#TIMEOUT}, or
 * {@link ErrorCode#OUTCOME_UNKNOWN} where something may have been changed. Safe for any thread, except Reactor's own
 * non-blocking ones, which are refused with {@link ErrorCode#INVALID_REQUEST}.
 */
public final class BlockingLevada {
    private final Levada levada;

    BlockingLevada(Levada levada) {
        this.levada = levada;
    }

    /** Appends a record; returns once it is durable. See {@link Levada#publish(String, Record)}. */
    public Ack publish(String topic, Record record) {
        return present(await(levada.publish(topic, record), ErrorCode.OUTCOME_UNKNOWN));
    }

    /**
     * Appends records in their order; returns once all are durable, with their acknowledgements in that order. Where it
     * fails, those before the failure are durable all the same.
     */
    public List<Ack> publish(String topic, Collection<Record> records) {
        Mono<List<Ack>> acks = levada.publish(topic, Flux.fromIterable(records)).collectList();
        return present(await(acks, ErrorCode.OUTCOME_UNKNOWN));
    }

    /** Reads; see {@link Levada#read}. To be closed unless read to its end. */
    public BlockingRecords read(ReadSpec spec) {
        refuseNonBlockingThread();
        return new BlockingRecords(levada.read(spec));
    }

    /** Joins a group as a member; see {@link Group#receive}. To be closed. */
    public BlockingConsumer consumer(String group, Collection<String> topics, MemberOptions options) {
        refuseNonBlockingThread();
        return new BlockingConsumer(levada.group(group).receive(topics, options));
    }

    /** Joins a group as a member with default options. */
    public BlockingConsumer consumer(String group, String... topics) {
        return consumer(group, List.of(topics), MemberOptions.defaults());
    }

    /** See {@link Topics#create}. */
    public TopicDescription createTopic(TopicSpec spec) {
        return present(await(levada.topics().create(spec), ErrorCode.OUTCOME_UNKNOWN));
    }

    /** Names of all topics in order. */
    public List<String> topics() {
        return present(await(levada.topics().list().collectList(), ErrorCode.TIMEOUT));
    }

    /** See {@link Topics#describe}. */
    public TopicDescription describeTopic(String name) {
        return present(await(levada.topics().describe(name), ErrorCode.TIMEOUT));
    }

    /** See {@link Topics#offsets}. */
    public SortedMap<Integer, Long> offsets(String name, @Nullable Integer partition, Position at) {
        return present(await(levada.topics().offsets(name, partition, at), ErrorCode.TIMEOUT));
    }

    /** See {@link Topics#alter}. */
    public TopicDescription alterTopic(String name, Map<String, String> config) {
        return present(await(levada.topics().alter(name, config), ErrorCode.OUTCOME_UNKNOWN));
    }

    /** See {@link Topics#addPartitions}. */
    public TopicDescription addPartitions(String name, int count) {
        return present(await(levada.topics().addPartitions(name, count), ErrorCode.OUTCOME_UNKNOWN));
    }

    /** See {@link Topics#deleteRecords}. */
    public long deleteRecords(String name, int partition, long beforeOffset) {
        return present(await(levada.topics().deleteRecords(name, partition, beforeOffset), ErrorCode.OUTCOME_UNKNOWN));
    }

    /** See {@link Topics#delete}. */
    public void deleteTopic(String name) {
        await(levada.topics().delete(name), ErrorCode.OUTCOME_UNKNOWN);
    }

    /** Names of all groups in order. */
    public List<String> groups() {
        return present(await(levada.groups().list().collectList(), ErrorCode.TIMEOUT));
    }

    /** See {@link Groups#describe}. */
    public GroupDescription describeGroup(String group) {
        return present(await(levada.groups().describe(group), ErrorCode.TIMEOUT));
    }

    /** See {@link Groups#reset}. */
    public GroupDescription resetGroup(String group, String topic, @Nullable Integer partition, Position to) {
        return present(await(levada.groups().reset(group, topic, partition, to), ErrorCode.OUTCOME_UNKNOWN));
    }

    /** See {@link Groups#delete}. */
    public void deleteGroup(String group) {
        await(levada.groups().delete(group), ErrorCode.OUTCOME_UNKNOWN);
    }

    private static <T> @Nullable T await(Mono<T> mono, ErrorCode whenInterrupted) {
        refuseNonBlockingThread();
        CompletableFuture<T> outcome = mono.toFuture();
        try {
            return outcome.get();
        } catch (InterruptedException e) {
            outcome.cancel(true);
            throw interrupted(whenInterrupted, e);
        } catch (ExecutionException e) {
            throw rethrown(e.getCause() == null ? e : e.getCause());
        }
    }

    private static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new LevadaException(ErrorCode.UNKNOWN_SERVER_ERROR, "the log gave no answer");
        }
        return value;
    }

    static void refuseNonBlockingThread() {
        if (Schedulers.isInNonBlockingThread()) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "thread " + Thread.currentThread().getName()
                            + " must not block: use the reactive methods here, or another thread");
        }
    }

    static LevadaException interrupted(ErrorCode code, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new LevadaException(code, "interrupted while waiting for the log", cause);
    }

    /** The error with the trace of the thread that waited; the original is its cause. */
    static LevadaException rethrown(Throwable error) {
        LevadaException ours = LevadaException.of(error);
        return new LevadaException(ours.code(), String.valueOf(ours.getMessage()), error);
    }

    @Override
    public String toString() {
        return levada.address();
    }
}
