package io.levada.protocol;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * Writes the golden files anew, when asked for by a property (see their README). What batches and hashes should hold is taken from kafka-clients, not from the code under test; what messages should hold, from PROTOCOL.md.
 */
final class GoldenVectorsWriter {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final UUID TOPIC = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");

    private GoldenVectorsWriter() {}

    static void writeAll(Path directory) throws IOException {
        write(directory.resolve("batches.json"), GoldenVectorsWriter::batches);
        write(directory.resolve("bad-batches.json"), GoldenVectorsWriter::badBatches);
        write(directory.resolve("messages.json"), GoldenVectorsWriter::messages);
        write(directory.resolve("hashes.json"), GoldenVectorsWriter::hashes);
    }

    private static void write(Path file, Consumer<ArrayNode> vectors) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        vectors.accept(root.putArray("vectors"));
        Files.writeString(file, JSON.writeValueAsString(root) + "\n");
    }

    private static void batches(ArrayNode vectors) {
        List<StoredRecord> variety = Batches.variety();
        batch(vectors, "one-record", Batches.heapBatch(Compression.NONE, variety.subList(0, 1)))
                .put("canonical", true);
        batch(vectors, "nulls", Batches.heapBatch(Compression.NONE, List.of(Batches.record(0, 0, null, null))))
                .put("canonical", true);
        batch(vectors, "variety", Batches.heapBatch(Compression.NONE, variety)).put("canonical", true);
        batch(vectors, "varint-boundaries", Batches.heapBatch(Compression.NONE, boundaries()))
                .put("canonical", true);
        for (Compression codec : List.of(Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD)) {
            String name = codec.name().toLowerCase(Locale.ROOT);
            batch(vectors, name + "-by-levada", Batches.heapBatch(codec, repeated()));
            batch(vectors, name + "-by-kafka", KafkaSide.write(codec, repeated()));
        }
        ByteBuf stored = Batches.heapBatch(Compression.NONE, variety);
        HeaderChecksum.stamp(TOPIC, 3, 9_007_199_254_740_993L, stored);
        batch(vectors, "stored-beyond-2-to-the-53", stored);
        batch(vectors, "append-time", KafkaSide.write(Compression.NONE, TimestampType.LOG_APPEND_TIME, 5, variety));
        batch(
                vectors,
                "control-commit",
                Unpooled.wrappedBuffer(MemoryRecords.withEndTransactionMarker(
                                5, 1_000L, 3, 99L, (short) 4, new EndTransactionMarker(ControlRecordType.COMMIT, 1))
                        .buffer()));
        batch(vectors, "hole-at-the-end", damaged(batch -> batch.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, 9)));
        ByteBuf empty = Batches.heap(stored.slice(0, RecordBatch.HEADER_BYTES)).setInt(RecordBatch.COUNT_OFFSET, 0);
        RecordBatch.seal(empty);
        batch(vectors, "emptied-by-compaction", empty);
        try (BatchCutter cutter = BatchCutter.open(stored, 9_007_199_254_740_994L, Long.MAX_VALUE, Batches.LIMITS)) {
            ByteBuf cut = cutter.cut(2, 1 << 20);
            batch(vectors, "cut-from-a-larger-one", cut);
            cut.release();
        }
    }

    /** Lengths and deltas on both sides of where a varint takes one byte more. */
    private static List<StoredRecord> boundaries() {
        List<StoredRecord> records = new ArrayList<>();
        long base = 1_700_000_000_000L;
        long[] deltas = {0, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 1L << 34, (1L << 34) - 1, -base, 1L << 61};
        int[] lengths = {0, 63, 64, 8192};
        for (int i = 0; i < 70; i++) {
            byte[] value = new byte[i < lengths.length ? lengths[i] : 1];
            records.add(Batches.record(i, base + deltas[Math.min(i, deltas.length - 1)], null, value));
        }
        return records;
    }

    /** Enough of the same for every codec to make it smaller. */
    private static List<StoredRecord> repeated() {
        List<StoredRecord> records = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            for (StoredRecord record : Batches.variety()) {
                Header[] headers = record.headers().toArray(Header[]::new);
                records.add(
                        Batches.record(records.size(), record.timestampMs(), record.key(), record.value(), headers));
            }
        }
        return records;
    }

    private static ObjectNode batch(ArrayNode vectors, String name, ByteBuf batch) {
        MutableRecordBatch kafka = KafkaSide.open(batch);
        ObjectNode vector = vectors.addObject();
        vector.put("name", name)
                .put("hex", ByteBufUtil.hexDump(batch))
                .put("codec", kafka.compressionType().name())
                .put("baseOffset", Long.toString(kafka.baseOffset()))
                .put("lastOffset", Long.toString(kafka.lastOffset()))
                .put("leaderEpoch", kafka.partitionLeaderEpoch())
                .put("crc32c", "%08x".formatted(kafka.checksum()))
                .put("maxTimestamp", Long.toString(kafka.maxTimestamp()))
                .put("appendTime", kafka.timestampType() == TimestampType.LOG_APPEND_TIME)
                .put("control", kafka.isControlBatch())
                .put("producerId", Long.toString(kafka.producerId()));
        ArrayNode records = vector.putArray("records");
        for (org.apache.kafka.common.record.internal.Record record : kafka) {
            ObjectNode node = records.addObject();
            node.put("offset", Long.toString(record.offset())).put("timestamp", Long.toString(record.timestamp()));
            node.put("key", hex(Utils.toNullableArray(record.key())));
            node.put("value", hex(Utils.toNullableArray(record.value())));
            ArrayNode headers = node.putArray("headers");
            for (org.apache.kafka.common.header.Header header : record.headers()) {
                headers.addArray().add(header.key()).add(hex(header.value()));
            }
        }
        return vector;
    }

    private static void badBatches(ArrayNode vectors) {
        bad(
                vectors,
                "crc",
                Batches.heapBatch(Compression.NONE, Batches.variety()).setByte(70, 1));
        bad(vectors, "magic-1", damaged(batch -> batch.setByte(RecordBatch.MAGIC_OFFSET, 1)));
        bad(vectors, "unknown-codec", damaged(batch -> batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, 7)));
        bad(vectors, "unknown-attribute", damaged(batch -> batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, 0x80)));
        bad(vectors, "count-too-small", damaged(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, 5)));
        bad(vectors, "count-beyond-offsets", damaged(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, 7)));
        bad(vectors, "count-huge", damaged(batch -> batch.setInt(RecordBatch.COUNT_OFFSET, Integer.MAX_VALUE)
                .setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, Integer.MAX_VALUE)));
        bad(vectors, "record-length-negative", damaged(batch -> batch.setByte(RecordBatch.HEADER_BYTES, 1)));
        bad(vectors, "record-length-beyond-the-batch", damaged(batch -> batch.setByte(RecordBatch.HEADER_BYTES, 0x7e)
                .setByte(RecordBatch.HEADER_BYTES + 1, 0xff)
                .setShort(RecordBatch.HEADER_BYTES + 2, 0xff7f)));
        bad(
                vectors,
                "key-length-beyond-the-record",
                damaged(batch -> batch.setByte(RecordBatch.HEADER_BYTES + 4, 0x7e)));
        ByteBuf nothing = Unpooled.buffer().writeBytes(Batches.heapBatch(Compression.NONE, Batches.variety()));
        bad(vectors, "cut-short", nothing.slice(0, nothing.readableBytes() - 1));
        nothing.writeByte(0);
        RecordBatch.seal(nothing);
        bad(vectors, "a-byte-behind-the-records", nothing);
        bad(vectors, "not-gzip", damaged(batch -> batch.setShort(RecordBatch.ATTRIBUTES_OFFSET, 1)));
    }

    private static ByteBuf damaged(Consumer<ByteBuf> damage) {
        ByteBuf batch = Batches.heapBatch(Compression.NONE, Batches.variety());
        damage.accept(batch);
        RecordBatch.seal(batch);
        return batch;
    }

    private static void bad(ArrayNode vectors, String name, ByteBuf batch) {
        vectors.addObject()
                .put("name", name)
                .put("hex", ByteBufUtil.hexDump(batch))
                .put("code", ErrorCode.CORRUPT_MESSAGE.name());
    }

    private static void messages(ArrayNode vectors) {
        String batch = ByteBufUtil.hexDump(
                Batches.heapBatch(Compression.NONE, Batches.variety().subList(0, 2)));
        String error = ErrorJson.toJson(new LevadaException(ErrorCode.OFFSET_OUT_OF_RANGE, "earliest 5, latest 9"));
        message(vectors, "open", "OPEN", "01" + text("{\"topic\":\"größe\"}")).put("json", "{\"topic\":\"größe\"}");
        message(vectors, "batch", "BATCH", "02" + "00000003" + "0000000000000007" + batch)
                .put("partition", 3)
                .put("sequence", "7")
                .put("batch", batch);
        message(vectors, "credit", "CREDIT", "03" + "0000000000000100" + "0000000000400000")
                .put("records", "256")
                .put("bytes", "4194304");
        message(vectors, "credit-without-end", "CREDIT", "03" + "7fffffffffffffff" + "7fffffffffffffff")
                .put("records", "9223372036854775807")
                .put("bytes", "9223372036854775807");
        message(vectors, "add", "ADD", "04" + "00000002" + "0000000000003039")
                .put("handle", 2)
                .put("offset", "9007199254740993");
        message(vectors, "remove", "REMOVE", "05" + "00000002").put("handle", 2);
        message(vectors, "opened", "OPENED", "11" + text("{\"partitions\":12,\"maxRecordBytes\":1048576}"))
                .put("partitions", 12)
                .put("maxRecordBytes", 1_048_576);
        message(vectors, "write-credit", "WRITE_CREDIT", "12" + "00000010" + "0000000000100000")
                .put("batches", 16)
                .put("bytes", "1048576");
        message(vectors, "ack", "ACK", "13" + "0000000000000007" + "0000000000003039")
                .put("sequence", "7")
                .put("baseOffset", "12345");
        message(vectors, "part-ack", "PART_ACK", "14" + "0000000000000007" + "00000002" + "0000000000003039")
                .put("sequence", "7")
                .put("records", 2)
                .put("baseOffset", "12345");
        message(vectors, "records", "RECORDS", "21" + "00000003" + "00000002" + batch)
                .put("handle", 3)
                .put("records", 2)
                .put("batch", batch);
        message(vectors, "gap", "GAP", "22" + "00000003" + "0000000000000005" + "000000000000000a")
                .put("handle", 3)
                .put("from", "5")
                .put("to", "10");
        message(vectors, "passed", "PASSED", "24" + "00000003" + "0000000000003039")
                .put("handle", 3)
                .put("offset", "12345");
        message(vectors, "dropped", "DROPPED", "25" + "00000003" + "0000000000000005" + "000000000000000a")
                .put("handle", 3)
                .put("from", "5")
                .put("to", "10");
        message(vectors, "end", "END", "23" + "00000003").put("handle", 3).putNull("error");
        message(vectors, "end-with-error", "END", "23" + "00000003" + text(error))
                .put("handle", 3)
                .put("error", error);
    }

    private static ObjectNode message(ArrayNode vectors, String name, String kind, String hex) {
        return vectors.addObject()
                .put("name", name)
                .put("kind", kind)
                .put("hex", hex)
                .putObject("fields");
    }

    private static void hashes(ArrayNode vectors) {
        for (String key :
                List.of("", "a", "ab", "abc", "abcd", "N404WN", "schlüssel", "a longer key, of 35 bytes in length")) {
            byte[] bytes = Batches.utf8(key);
            int hash = Utils.murmur2(bytes);
            vectors.addObject()
                    .put("key", hex(bytes))
                    .put("murmur2", hash)
                    .put("partitions", 12)
                    .put("partition", Utils.toPositive(hash) % 12);
        }
        ByteBuf batch = Batches.heapBatch(Compression.NONE, Batches.variety().subList(0, 2));
        RecordBatch.stamp(batch, 12_345, RecordBatch.NO_LEADER_EPOCH);
        vectors.addObject()
                .put("topicId", TOPIC.toString())
                .put("partition", 3)
                .put("batch", ByteBufUtil.hexDump(batch))
                .put("headerChecksum", "%08x".formatted(HeaderChecksum.of(TOPIC, 3, batch)));
    }

    private static String text(String text) {
        return hexOf(Batches.utf8(text));
    }

    private static @Nullable String hex(byte @Nullable [] bytes) {
        return bytes == null ? null : hexOf(bytes);
    }

    private static String hexOf(byte[] bytes) {
        return ByteBufUtil.hexDump(bytes);
    }
}
