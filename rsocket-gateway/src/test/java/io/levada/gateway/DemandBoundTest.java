package io.levada.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.End;
import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.LevadaOptions;
import io.levada.ReadSpec;
import io.levada.Record;
import io.levada.StoredRecord;
import io.levada.TopicSpec;
import io.levada.engine.EmbeddedEngine;
import io.levada.facade.EngineLevada;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/**
 * From the caches of the engine to the end of the callback a subscription holds no more records than were requested, and no
 * more bytes than its window and a record, whatever it requests and when. {@code -Dlevada.deliveries=10000000} tries longer.
 */
final class DemandBoundTest {
    private static final long DELIVERIES = Long.getLong("levada.deliveries", 200_000);
    private static final int RECORDS = 50_000;
    private static final int MAX_VALUE_BYTES = 400;
    private static final int WINDOW_BYTES = 64 << 10;
    /** A record of the largest value, in a batch of its own. */
    private static final int RECORD_BYTES = MAX_VALUE_BYTES + RecordBatch.HEADER_BYTES + 32;

    private static final Duration BOUND = Duration.ofSeconds(60);

    /** What one subscription asked for, took and let go of. Safe for any thread. */
    private static final class Tally {
        final AtomicLong requested = new AtomicLong();
        final AtomicLong delivered = new AtomicLong();
        final AtomicLong tooManyRecords = new AtomicLong();
        final AtomicLong peakBytes = new AtomicLong();
        private final AtomicLong taken = new AtomicLong();
        private final AtomicLong heldBytes = new AtomicLong();
        private final Queue<Held> held = new ConcurrentLinkedQueue<>();

        /** A batch that left the engine, and the last offset that it brings. */
        private record Held(long lastOffset, int bytes) {}

        /** A batch leaves the engine. */
        void took(int records, ByteBuf batch) {
            int bytes = batch.readableBytes();
            held.add(new Held(RecordBatch.nextOffset(batch) - 1, bytes));
            long beyond = taken.addAndGet(records) - requested.get();
            tooManyRecords.accumulateAndGet(beyond, Math::max);
            peakBytes.accumulateAndGet(heldBytes.addAndGet(bytes), Math::max);
        }

        /** A callback has ended. */
        void done(long offset) {
            delivered.incrementAndGet();
            Held first = held.peek();
            if (first != null && first.lastOffset == offset) {
                held.remove();
                heldBytes.addAndGet(-first.bytes);
            }
        }
    }

    /** Asks for some, now and then, from its callbacks and from elsewhere. */
    private static final class Whimsical extends BaseSubscriber<StoredRecord> {
        final CompletableFuture<Void> end = new CompletableFuture<>();
        private final Tally tally;
        private final Random random;
        private long asked;

        Whimsical(Tally tally, long seed) {
            this.tally = tally;
            this.random = new Random(seed);
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            ask();
        }

        private synchronized void ask() {
            int n = 1 + random.nextInt(random.nextInt(8) == 0 ? 5_000 : 200);
            asked += n;
            tally.requested.addAndGet(n);
            request(n);
        }

        private synchronized boolean hasNothingAsked() {
            return asked == tally.delivered.get();
        }

        @Override
        protected void hookOnNext(StoredRecord record) {
            tally.done(record.offset());
            if (random.nextInt(200) == 0) {
                ask();
            } else if (hasNothingAsked()) {
                if (random.nextInt(4) == 0) {
                    Schedulers.parallel().schedule(this::ask, random.nextInt(3), TimeUnit.MILLISECONDS);
                } else {
                    ask();
                }
            }
        }

        @Override
        protected void hookOnComplete() {
            end.complete(null);
        }

        @Override
        protected void hookOnError(Throwable error) {
            end.completeExceptionally(error);
        }
    }

    private static void fill(EmbeddedEngine engine, Compression compression) {
        Random random = new Random(3);
        LevadaOptions options = LevadaOptions.defaults().withCompression(compression);
        try (Levada direct = new EngineLevada("memory:", new CountedEngine(engine, 1), options)) {
            direct.blocking().createTopic(TopicSpec.of(topic(compression)));
            direct.publish(
                            topic(compression),
                            Flux.range(0, RECORDS)
                                    .map(i -> Record.ofValue("v".repeat(random.nextInt(MAX_VALUE_BYTES)))))
                    .blockLast(BOUND);
        }
    }

    private static String topic(Compression compression) {
        return "t-" + compression.name().toLowerCase(Locale.ROOT);
    }

    private static Tally read(Levada levada, CountedEngine counted, String topic, long seed) {
        Tally tally = new Tally();
        counted.count(tally::took);
        Whimsical subscriber = new Whimsical(tally, seed);
        levada.read(ReadSpec.of(topic).to(End.now())).subscribe(subscriber);
        subscriber.end.orTimeout(BOUND.toSeconds(), TimeUnit.SECONDS).join();
        return tally;
    }

    private static String address(GatewayServer server, String transport) {
        return transport.startsWith("rsocket")
                ? transport + "://127.0.0.1:" + server.tcpAddress().getPort()
                : transport + "://127.0.0.1:" + server.httpAddress().getPort() + "/rsocket";
    }

    @ParameterizedTest
    @CsvSource({"rsocket, NONE", "rsocket, LZ4", "ws, NONE", "ws, LZ4", "rsockets, NONE", "wss, LZ4"})
    void never_more_is_taken_than_was_asked_for(String transport, Compression compression, @TempDir Path directory) {
        Certificates certificates = new Certificates(directory);
        boolean tls = transport.equals("rsockets") || transport.equals("wss");
        LevadaOptions options = LevadaOptions.defaults()
                .withReadWindowBytes(WINDOW_BYTES)
                .withTrustedCertificates(tls ? certificates.ca() : null);
        GatewayConfig config =
                Servers.config().withTls(tls ? certificates.server("server").tls() : null);
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                CountedEngine counted = new CountedEngine(engine, 1);
                GatewayServer server = GatewayServer.start(counted, config);
                Levada levada = Levada.open(address(server, transport), options)) {
            fill(engine, compression);
            long delivered = 0;
            for (long seed = 0; delivered < DELIVERIES / 4; seed++) {
                Tally tally = read(levada, counted, topic(compression), seed);
                assertEquals(RECORDS, tally.delivered.get());
                assertTrue(tally.tooManyRecords.get() <= 0, "by " + tally.tooManyRecords + " records, seed " + seed);
                assertTrue(
                        tally.peakBytes.get() < WINDOW_BYTES + RECORD_BYTES,
                        tally.peakBytes + " bytes were held, seed " + seed);
                delivered += tally.delivered.get();
            }
        }
    }

    @Test
    void control_an_engine_that_gives_twice_what_was_permitted_is_found_out() {
        try (EmbeddedEngine engine = EmbeddedEngine.open("memory:");
                CountedEngine counted = new CountedEngine(engine, 2);
                GatewayServer server = Servers.start(counted);
                Levada levada = Levada.open(address(server, "rsocket"))) {
            fill(engine, Compression.NONE);
            Tally tally = new Tally();
            counted.count(tally::took);
            tally.requested.addAndGet(10);
            CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
            // Asks once: what comes behind that could be what was asked for next, if it asked again.
            levada.read(ReadSpec.of(topic(Compression.NONE)).to(End.now()))
                    .subscribeWith(new BaseSubscriber<StoredRecord>() {
                        @Override
                        protected void hookOnSubscribe(Subscription subscription) {
                            request(10);
                        }

                        @Override
                        protected void hookOnError(Throwable error) {
                            end.complete(error);
                        }
                    });
            Throwable error = end.orTimeout(BOUND.toSeconds(), TimeUnit.SECONDS).join();

            assertTrue(tally.tooManyRecords.get() > 0, "nothing was noticed");
            assertTrue(error instanceof LevadaException, "the client has not noticed: " + error);
        }
    }
}
