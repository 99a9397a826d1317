package io.levada.trials;

import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.Levada;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * A member of a group as a process of its own: it writes a line when it has begun, for each assignment, each delivery and each
 * loss, and acknowledges what it has written. SIGTERM ends it gracefully; before it has begun its client may be closed under it.
 * Arguments: address, group, topic, file.
 */
final class MemberProcess {
    private static final Duration GRACEFUL = Duration.ofSeconds(5);

    private final FileChannel file;

    private MemberProcess(FileChannel file) {
        this.file = file;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        AtomicReference<@Nullable Levada> opened = new AtomicReference<>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(opened.get())));
        Levada levada = Levada.open(args[0]);
        opened.set(levada);
        FileChannel file = FileChannel.open(Path.of(args[3]), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        CountDownLatch failed = new CountDownLatch(1);
        MemberProcess member = new MemberProcess(file);
        levada.group(args[1])
                .subscribe(args[2])
                .flatMap(member::work, Integer.MAX_VALUE)
                .subscribe(offset -> {}, error -> {
                    System.err.println("a member failed: " + error);
                    failed.countDown();
                });
        member.write("begun");
        failed.await();
        Runtime.getRuntime().halt(1);
    }

    private static void end(@Nullable Levada levada) {
        if (levada != null) {
            levada.closeGracefully(GRACEFUL).block();
        }
        Runtime.getRuntime().halt(0);
    }

    /** One that was taken away fails, which is no reason to end: others follow. */
    private Flux<Long> work(Assignment assignment) {
        write("assigned " + assignment.generation() + " "
                + assignment.topicPartition().partition() + " " + System.currentTimeMillis());
        return assignment
                .deliveries()
                .map(delivery -> work(assignment, delivery))
                .onErrorResume(lost -> {
                    write("lost " + assignment.generation() + " "
                            + assignment.topicPartition().partition());
                    return Flux.empty();
                });
    }

    private long work(Assignment assignment, Delivery delivery) {
        write("delivered " + assignment.generation() + " " + delivery.record().partition() + " "
                + delivery.record().offset());
        delivery.ack();
        return delivery.record().offset();
    }

    private synchronized void write(String line) {
        try {
            file.write(StandardCharsets.UTF_8.encode(line + "\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
