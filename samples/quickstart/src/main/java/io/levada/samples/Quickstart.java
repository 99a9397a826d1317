package io.levada.samples;

import io.levada.Delivery;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.TopicSpec;
import java.io.PrintStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Publishes, reads, and takes part in a group. The same lines run embedded and remote; the address alone decides:
 *
 * <pre>
 *   mvn -q -DskipTests package
 *   java -cp rsocket-gateway/target/levada.jar samples/quickstart/src/main/java/io/levada/samples/Quickstart.java
 *   java -cp ... Quickstart.java file:./quickstart-data
 *   java -cp ... Quickstart.java rsocket://127.0.0.1:7878      (while 'java -jar .../levada.jar serve' runs)
 * </pre>
 */
public final class Quickstart {
    private Quickstart() {}

    public static void main(String[] args) {
        run(args.length == 0 ? "memory:" : args[0], System.out);
    }

    static void run(String address, PrintStream out) {
        try (Levada levada = Levada.open(address)) {
            levada.topics()
                    .create(TopicSpec.of("greetings").partitions(3))
                    .onErrorResume(Quickstart::existsAlready, error -> Mono.empty())
                    .block();

            // Acknowledged means durable: each ack says where its record is.
            Flux<Record> greetings =
                    Flux.just("Funchal", "Machico", "Calheta").map(place -> Record.of(place, "good morning " + place));
            levada.publish("greetings", greetings)
                    .doOnNext(ack -> out.println("durable at " + ack.partition() + "/" + ack.offset()))
                    .blockLast();

            // A group goes on where it left off, and shares the partitions among its members.
            levada.group("listeners")
                    .receive("greetings")
                    .doOnNext(
                            delivery -> out.println("heard " + delivery.record().valueUtf8()))
                    .doOnNext(Delivery::ack)
                    .take(3)
                    .blockLast();

            // Plain reading keeps no state: everything, until now.
            long records = levada.read(ReadSpec.of("greetings").to(End.now()))
                    .count()
                    .blockOptional()
                    .orElse(0L);
            out.println(records + " greetings are stored at " + address);
        }
    }

    private static boolean existsAlready(Throwable error) {
        return error instanceof LevadaException ours && ours.code() == ErrorCode.TOPIC_ALREADY_EXISTS;
    }
}
