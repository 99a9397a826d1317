package io.levada.rest;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Bodies of requests, inflated and bounded: as a whole, or in pieces as they come. Safe for any thread. */
final class RequestBody {
    /** What is inflated at a time: a piece becomes at most about a thousand times as much. */
    private static final int INFLATED_PIECE_BYTES = 512;

    /** What is read into objects on the event loop; of more, others there would have to wait for it. */
    private static final int SMALL_BYTES = 32 << 10;

    private final RestLimits limits;
    private final AtomicLong held = new AtomicLong();

    RequestBody(RestLimits limits) {
        this.limits = limits;
    }

    /** What bodies that are not used yet hold together. */
    long heldBytes() {
        return held.get();
    }

    /**
     * What a body is read as, once all of it is there, and then used for; it counts as held until that is done. Fails with
     * MESSAGE_TOO_LARGE, with TIMEOUT, and with THROTTLED where bodies of others leave no room.
     *
     * @param read may take its time, and not block
     */
    <B, T> Mono<T> whole(Exchange exchange, Function<byte[], B> read, Function<B, Mono<T>> use) {
        Inflation.Coding coding = Inflation.Coding.of(exchange.header(HttpHeaderNames.CONTENT_ENCODING));
        if (announced(exchange) > limits.maxBodyBytes()) {
            return Mono.error(tooLarge());
        }
        return Mono.using(
                () -> new Holding(held, limits.bodyPoolBytes()),
                holding -> collected(exchange, holding)
                        .flatMap(all -> Mono.fromSupplier(() -> read.apply(inflated(all, coding, holding)))
                                .subscribeOn(reader(coding, all.length)))
                        .publishOn(exchange.scheduler())
                        .flatMap(use),
                Holding::release);
    }

    private static Scheduler reader(Inflation.Coding coding, int bytes) {
        boolean small = coding == Inflation.Coding.NONE && bytes <= SMALL_BYTES;
        return small ? Schedulers.immediate() : Schedulers.boundedElastic();
    }

    private Mono<byte[]> collected(Exchange exchange, Holding holding) {
        return received(exchange)
                .timeout(limits.bodyTimeout())
                .collect(ByteArrayOutputStream::new, (all, piece) -> add(holding, all, piece))
                .timeout(limits.bodyTimeout().multipliedBy(2))
                .onErrorMap(TimeoutException.class, late -> tooSlow())
                .map(ByteArrayOutputStream::toByteArray);
    }

    /** What comes of a body as it was sent; that a peer is gone before its end is no defect of the server. */
    private static Flux<byte[]> received(Exchange exchange) {
        return exchange.request()
                .receive()
                .asByteArray()
                .onErrorMap(
                        IOException.class,
                        broken -> new LevadaException(
                                ErrorCode.INVALID_REQUEST, "the connection broke before the body was there", broken));
    }

    private void add(Holding holding, ByteArrayOutputStream all, byte[] piece) {
        if (all.size() + piece.length > limits.maxBodyBytes()) {
            throw tooLarge();
        }
        holding.add(piece.length);
        all.write(piece, 0, piece.length);
    }

    private byte[] inflated(byte[] all, Inflation.Coding coding, Holding holding) {
        byte[] inflated = Inflation.all(all, coding, limits.maxBodyBytes());
        if (inflated == null) {
            throw tooLarge();
        }
        holding.add(inflated.length - all.length);
        return inflated;
    }

    private LevadaException tooLarge() {
        return new LevadaException(
                ErrorCode.MESSAGE_TOO_LARGE,
                "a body has up to " + limits.maxBodyBytes()
                        + " bytes, inflated; send less at a time, or lines as application/x-ndjson");
    }

    private LevadaException tooSlow() {
        return new LevadaException(
                ErrorCode.TIMEOUT,
                "the body stood still for " + limits.bodyTimeout().toSeconds()
                        + " s, or took twice as long; send it again");
    }

    private static long announced(Exchange exchange) {
        String length = exchange.header(HttpHeaderNames.CONTENT_LENGTH);
        try {
            return length == null ? 0 : Long.parseLong(length);
        } catch (NumberFormatException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "the Content-Length is no number", e);
        }
    }

    /** The texts of a body that has no end of its own, as they are asked for. */
    Flux<Splitter.Text> split(Exchange exchange, Splitter splitter) {
        return pieces(exchange)
                .concatMapIterable(splitter::split, 1)
                .concatWith(Flux.defer(() -> Flux.fromIterable(splitter.rest())));
    }

    /** What comes of a body, inflated, a piece at a time as it is asked for. */
    private Flux<byte[]> pieces(Exchange exchange) {
        Inflation.Coding coding = Inflation.Coding.of(exchange.header(HttpHeaderNames.CONTENT_ENCODING));
        Flux<byte[]> sent = received(exchange);
        if (coding == Inflation.Coding.NONE) {
            return sent;
        }
        return Flux.using(
                () -> new Inflation(coding),
                inflation -> sent.concatMap(RequestBody::small, 1).map(inflation::inflate),
                Inflation::close);
    }

    private static Flux<byte[]> small(byte[] chunk) {
        int pieces = (chunk.length + INFLATED_PIECE_BYTES - 1) / INFLATED_PIECE_BYTES;
        return Flux.fromStream(() -> IntStream.range(0, pieces)
                .mapToObj(i -> Arrays.copyOfRange(
                        chunk, i * INFLATED_PIECE_BYTES, Math.min(chunk.length, (i + 1) * INFLATED_PIECE_BYTES))));
    }

    /** What one body takes of the room for all. For one thread at a time. */
    private static final class Holding {
        private final AtomicLong all;
        private final long most;
        private long mine;

        Holding(AtomicLong all, long most) {
            this.all = all;
            this.most = most;
        }

        void add(int bytes) {
            mine += bytes;
            if (all.addAndGet(bytes) > most) {
                throw new LevadaException(
                        ErrorCode.THROTTLED,
                        "bodies of other requests fill the room there is for them; try again in a moment");
            }
        }

        void release() {
            all.addAndGet(-mine);
        }
    }
}
