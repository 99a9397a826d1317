package io.levada.cli;

import io.levada.Delivery;
import io.levada.LevadaException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Deliveries on their way to the output. What is acknowledged has been printed and flushed before; what is flushed is
 * acknowledged whenever the stream pauses. One thread runs it, any may stop it.
 */
final class Consumption {
    private static final Duration IDLE = Duration.ofMillis(200);
    private static final int FLUSH_EVERY_RECORDS = 512;

    private final RecordPrinter printer;
    private final Pace pace;
    private final @Nullable Goal goal;
    private final Inbox inbox = new Inbox();
    private final List<Delivery> printed = new ArrayList<>();

    /**
     * @param goal where to end beside the end of the stream, or null
     */
    Consumption(RecordPrinter printer, Pace pace, @Nullable Goal goal) {
        this.printer = printer;
        this.pace = pace;
        this.goal = goal;
    }

    /** Ends the run soon, with what was printed acknowledged. */
    void stop() {
        inbox.stop();
    }

    /** Prints until the stream, the pace's total or the goal ends it; fails with what the stream failed with. */
    void run(Flux<Delivery> deliveries) throws IOException, InterruptedException {
        deliveries.subscribe(inbox);
        try {
            printAll();
            flush();
        } finally {
            inbox.cancel();
        }
        if (inbox.error() != null) {
            throw LevadaException.of(inbox.error());
        }
    }

    private void printAll() throws IOException, InterruptedException {
        while (!pace.done()) {
            long demand = pace.demand();
            if (demand > 0) {
                inbox.demand(demand);
            }
            Delivery next = inbox.take(Duration.ZERO);
            if (next == null) {
                flush();
                next = inbox.take(Duration.ofNanos(pace.waitNanos(IDLE.toNanos())));
            }
            if (next != null) {
                print(next);
            } else if (inbox.ended() || (goal != null && goal.isReached())) {
                return;
            }
        }
    }

    private void print(Delivery delivery) throws IOException {
        pace.taken();
        if (goal != null && !goal.wants(delivery.record())) {
            return; // not acknowledged: the group's next member gets it
        }
        printer.print(delivery.record());
        printed.add(delivery);
        if (printed.size() >= FLUSH_EVERY_RECORDS) {
            flush();
        }
    }

    private void flush() throws IOException {
        printer.flush();
        printed.forEach(Delivery::ack);
        printed.clear();
    }
}
