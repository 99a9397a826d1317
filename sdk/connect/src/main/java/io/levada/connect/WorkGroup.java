package io.levada.connect;

import io.levada.Assignment;
import io.levada.Levada;
import io.levada.MemberEvent;
import io.levada.MemberOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.util.retry.Retry;

/**
 * Shares work among workers by a group of the log: each partition of a topic is a slot, and whose it is runs what has its place
 * there. A slot is handed over when what ran in it has ended; the slots of a worker that dies go to the others.
 */
final class WorkGroup {
    private static final Logger log = LoggerFactory.getLogger(WorkGroup.class);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final Levada levada;
    private final String group;
    private final String topic;
    private final String worker;
    private final Board board;
    private final Map<Integer, Slot> slots = new ConcurrentHashMap<>();
    private final Disposable.Swap membership = Disposables.swap();

    WorkGroup(Levada levada, String group, String topic, String worker, Board board) {
        this.levada = levada;
        this.group = group;
        this.topic = topic;
        this.worker = worker;
        this.board = board;
    }

    /** Takes part from now on. */
    void join() {
        MemberOptions options =
                MemberOptions.defaults().withMemberName(MemberNames.of(worker)).withOnEvent(this::heard);
        membership.update(Flux.defer(() -> levada.group(group).subscribe(List.of(topic), options))
                .doOnNext(assignment -> new Slot(assignment).begin())
                .doOnError(error -> log.warn("this worker has no work for the moment: {}", error.getMessage()))
                .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE).maxBackoff(LONGEST_PAUSE))
                .subscribe());
    }

    private void heard(MemberEvent event) {
        if (event instanceof MemberEvent.Revoking revoking) {
            Slot slot = slots.get(revoking.topicPartition().partition());
            if (slot != null) {
                slot.end();
            }
        } else if (event instanceof MemberEvent.Idle) {
            log.info("there is less work than workers; this one waits");
        }
    }

    /** Takes part no longer; call it when nothing runs any more. */
    void leave() {
        List<Slot> left = List.copyOf(slots.values());
        slots.clear();
        left.forEach(slot -> slot.hold.dispose());
        membership.dispose();
    }

    /** A slot that is this worker's. */
    private final class Slot {
        private final Assignment assignment;
        private final Disposable hold;

        Slot(Assignment assignment) {
            this.assignment = assignment;
            this.hold = assignment.hold();
        }

        private int number() {
            return assignment.topicPartition().partition();
        }

        void begin() {
            slots.put(number(), this);
            board.gained(number(), assignment.generation());
            assignment.deliveries().subscribe(new AssignmentWatch(this::ended));
        }

        private void ended(@Nullable Throwable why) {
            if (why != null) {
                log.warn("slot {} was taken from this worker: {}", number(), why.getMessage());
            }
            end();
        }

        void end() {
            if (slots.remove(number(), this)) {
                CompletableFuture<Void> unused = board.lost(number()).whenComplete((nothing, error) -> hold.dispose());
            }
        }
    }
}
