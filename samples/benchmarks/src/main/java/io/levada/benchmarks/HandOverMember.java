package io.levada.benchmarks;

import io.levada.Assignment;
import io.levada.Levada;
import java.time.Duration;
import reactor.core.publisher.Flux;

/**
 * A member of a group that acknowledges each record at once, and says its partition and when it came, as
 * {@link System#nanoTime} has it. SIGTERM ends it gracefully. A program of its own.
 */
final class HandOverMember {
    private static final Duration GRACEFUL = Duration.ofSeconds(5);

    private HandOverMember() {}

    /**
     * Reads until it is ended.
     *
     * @param args the server's address, group and topic
     */
    public static void main(String[] args) {
        Levada levada = Levada.open(args[0]);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> levada.closeGracefully(GRACEFUL)
                .block()));
        levada.group(args[1])
                .subscribe(args[2])
                .flatMap(HandOverMember::read, Integer.MAX_VALUE)
                .blockLast();
    }

    private static Flux<Object> read(Assignment assignment) {
        int partition = assignment.topicPartition().partition();
        return assignment
                .deliveries()
                .doOnNext(delivery -> {
                    System.out.println(partition + " " + System.nanoTime());
                    delivery.ack();
                })
                .ofType(Object.class);
    }
}
