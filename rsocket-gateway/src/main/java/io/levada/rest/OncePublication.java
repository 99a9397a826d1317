package io.levada.rest;

import io.levada.Ack;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.Limits;
import io.levada.protocol.Partitioner;
import io.levada.protocol.RecordBatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Records of one request that are stored once however often it is sent with the same {@code Idempotency-Key}: the key is an
 * idempotent producer of its own, whose only batch in each partition is the first. The log knows a batch that is sent again,
 * over reconnects and restarts, as long as it remembers the producer: for 7 days, and the last 10,000 of a partition.
 * For the connection's event loop alone.
 */
final class OncePublication implements WriterSink {
    /** Ids that are given out count up from 0; those of keys are above them. */
    private static final long KEYS = 1L << 62;

    private final Exchange exchange;
    private final String topic;
    private final List<Record> records;
    private final byte[] digest;
    private final MonoSink<List<Ack>> sink;
    private final long nowMs = System.currentTimeMillis();

    /** In the order of their partitions' first records; the place in here is the sequence on the wire. */
    private final List<Batch> batches = new ArrayList<>();

    private final Queue<Batch> unsent = new ArrayDeque<>();
    private @Nullable BatchWriter writer;
    private int creditBatches;
    private long creditBytes;
    private int acknowledged;
    private boolean ended;

    /** The records of one partition, by their places in the request. */
    private static final class Batch {
        private final int partition;
        private final BatchBuilder builder =
                new BatchBuilder(ByteBufAllocator.DEFAULT, Compression.NONE, Limits.DEFAULT);
        private final List<Integer> places = new ArrayList<>();
        private final List<Long> offsets = new ArrayList<>();
        private long sequence;

        Batch(int partition) {
            this.partition = partition;
        }

        void stored(int count, long baseOffset) {
            for (int i = 0; i < count; i++) {
                offsets.add(baseOffset + i);
            }
        }
    }

    private OncePublication(
            Exchange exchange, String topic, byte[] digest, List<Record> records, MonoSink<List<Ack>> sink) {
        this.exchange = exchange;
        this.topic = topic;
        this.digest = digest;
        this.records = records;
        this.sink = sink;
    }

    /** Where the records stand, from this time or an earlier one. */
    static Mono<List<Ack>> publish(Exchange exchange, String topic, String key, List<Record> records) {
        if (records.isEmpty()) {
            return Mono.just(List.of());
        }
        byte[] digest = digest(exchange.caller().name(), topic, key);
        return exchange.observed(topic, observed -> {
                    List<Record> carrying =
                            records.stream().map(observed::carrying).toList();
                    return publish(exchange, topic, digest, carrying).flatMapIterable(acks -> acks);
                })
                .collectList();
    }

    private static Mono<List<Ack>> publish(Exchange exchange, String topic, byte[] digest, List<Record> records) {
        return Mono.create(sink -> {
            OncePublication publication = new OncePublication(exchange, topic, digest, records, sink);
            sink.onDispose(publication::end);
            publication.writer = exchange.engine().write(topic, publication);
        });
    }

    private static byte[] digest(String... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
                digest.update(bytes);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private long producerId() {
        return KEYS | (ByteBuffer.wrap(digest).getLong() & (KEYS - 1));
    }

    @Override
    public void onOpen(int partitions, int maxRecordBytes) {
        later(() -> {
            try {
                build(partitions);
                send();
            } catch (LevadaException error) {
                fail(error);
            }
        });
    }

    private void build(int partitions) {
        Map<Integer, Batch> byPartition = new HashMap<>();
        for (int place = 0; place < records.size(); place++) {
            Record record = records.get(place);
            Batch batch = byPartition.computeIfAbsent(partition(record, partitions), Batch::new);
            if (batch.places.isEmpty()) {
                batch.sequence = batches.size();
                batches.add(batch);
            }
            batch.places.add(place);
            batch.builder.append(timestampMs(record), record.key(), record.value(), record.headers());
        }
        unsent.addAll(batches);
    }

    /** The same whenever it is sent: without a key of its own a record goes where the request's key puts it. */
    private int partition(Record record, int partitions) {
        if (record.partition() >= partitions) {
            throw new LevadaException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "there is no partition " + record.partition() + " in " + topic + ", which has " + partitions);
        } else if (record.partition() != Record.ANY_PARTITION) {
            return record.partition();
        }
        byte[] key = record.key();
        return Partitioner.partition(key == null ? digest : key, partitions);
    }

    private long timestampMs(Record record) {
        return record.timestampMs() == Record.NO_TIMESTAMP ? nowMs : record.timestampMs();
    }

    @Override
    public void onCredit(int more, long bytes) {
        later(() -> {
            creditBatches += more;
            creditBytes += bytes;
            send();
        });
    }

    private void send() {
        BatchWriter open = writer;
        while (open != null && !ended && creditBatches > 0 && creditBytes > 0 && !unsent.isEmpty()) {
            Batch batch = unsent.remove();
            ByteBuf bytes = batch.builder.build();
            RecordBatch.setProducer(bytes, producerId(), (short) 0, 0);
            creditBatches--;
            creditBytes -= bytes.readableBytes();
            open.write(batch.partition, batch.sequence, bytes);
        }
    }

    @Override
    public void onPartAck(long sequence, int count, long baseOffset) {
        later(() -> batches.get((int) sequence).stored(count, baseOffset));
    }

    @Override
    public void onAck(long sequence, long baseOffset) {
        later(() -> {
            Batch batch = batches.get((int) sequence);
            batch.stored(batch.places.size() - batch.offsets.size(), baseOffset);
            acknowledged++;
            if (acknowledged == batches.size() && !ended) {
                sink.success(acks());
            }
        });
    }

    private List<Ack> acks() {
        Ack[] acks = new Ack[records.size()];
        for (Batch batch : batches) {
            for (int i = 0; i < batch.places.size(); i++) {
                int place = batch.places.get(i);
                acks[place] = new Ack(topic, batch.partition, batch.offsets.get(i), timestampMs(records.get(place)));
            }
        }
        return Arrays.asList(acks);
    }

    @Override
    public void onComplete() {}

    @Override
    public void onError(Throwable error) {
        later(() -> fail(error));
    }

    private void fail(Throwable error) {
        if (!ended) {
            sink.error(error);
        }
    }

    private void later(Runnable task) {
        exchange.loop().execute(task);
    }

    /** Lets go of what is left; what was written may or may not be stored. */
    private void end() {
        if (!ended) {
            ended = true;
            batches.forEach(batch -> batch.builder.close());
            if (writer != null) {
                writer.cancel();
            }
        }
    }
}
