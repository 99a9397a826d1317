package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The bytes of the golden files are what this build reads, and writes where writing is deterministic. */
class GoldenVectorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @BeforeAll
    static void write_them_anew_if_asked_to() throws IOException {
        String directory = System.getProperty("golden.write");
        if (directory != null) {
            GoldenVectorsWriter.writeAll(Path.of(directory));
        }
    }

    @Test
    void batches_hold_what_the_file_says() throws IOException {
        Set<Compression> codecs = EnumSet.noneOf(Compression.class);
        for (JsonNode vector : vectors("batches.json")) {
            String name = vector.path("name").asText();
            ByteBuf batch = hex(vector.path("hex"));
            RecordBatch.validate(batch, Batches.LIMITS);
            codecs.add(RecordBatch.compression(batch));
            assertEquals(
                    vector.path("codec").asText(),
                    RecordBatch.compression(batch).name(),
                    name);
            assertEquals(vector.path("baseOffset").asLong(), RecordBatch.baseOffset(batch), name);
            assertEquals(vector.path("lastOffset").asLong(), RecordBatch.lastOffset(batch), name);
            assertEquals(vector.path("leaderEpoch").asInt(), RecordBatch.leaderEpochSlot(batch), name);
            assertEquals(vector.path("crc32c").asText(), "%08x".formatted(RecordBatch.crc(batch)), name);
            assertEquals(vector.path("maxTimestamp").asLong(), RecordBatch.maxTimestamp(batch), name);
            assertEquals(vector.path("appendTime").asBoolean(), RecordBatch.isAppendTime(batch), name);
            assertEquals(vector.path("control").asBoolean(), RecordBatch.isControl(batch), name);
            assertEquals(vector.path("producerId").asLong(), RecordBatch.producerId(batch), name);
            assertEquals(records(vector), Batches.read(batch), name);
            assertEquals(records(vector), KafkaSide.read(batch), name);
            if (vector.path("canonical").asBoolean()) {
                assertEquals(batch, Batches.heapBatch(Compression.NONE, records(vector)), name);
            }
            batch.setByte(batch.writerIndex() - 1, batch.getByte(batch.writerIndex() - 1) ^ 1);
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatch.validate(batch, Batches.LIMITS));
        }
        assertEquals(EnumSet.allOf(Compression.class), codecs);
    }

    @Test
    void batches_that_must_be_refused_are() throws IOException {
        for (JsonNode vector : vectors("bad-batches.json")) {
            String name = vector.path("name").asText();
            ByteBuf batch = hex(vector.path("hex"));
            LevadaException error =
                    assertThrows(LevadaException.class, () -> RecordBatch.validate(batch, Batches.LIMITS), name);
            assertEquals(vector.path("code").asText(), error.code().name(), name);
        }
    }

    @Test
    void messages_are_these_bytes() throws IOException {
        Set<Class<?>> kinds = new HashSet<>();
        Set<String> named = new TreeSet<>();
        for (JsonNode vector : vectors("messages.json")) {
            String name = vector.path("name").asText();
            assertTrue(named.add(name), name);
            ByteBuf bytes = hex(vector.path("hex"));
            Message message = message(vector);
            kinds.add(message.getClass());
            ByteBuf encoded = message.encode(Batches.ALLOCATOR);
            assertEquals(bytes, encoded, name);
            encoded.release();
            assertSame(message(vector), Message.decode(bytes, Batches.LIMITS), name);
        }
        assertEquals(Set.of(Message.class.getPermittedSubclasses()), kinds);
    }

    @Test
    void hashes_are_these() throws IOException {
        for (JsonNode vector : vectors("hashes.json")) {
            if (vector.has("key")) {
                byte[] key = ByteBufUtil.getBytes(hex(vector.path("key")));
                assertEquals(vector.path("murmur2").asInt(), Partitioner.murmur2(key));
                assertEquals(
                        vector.path("partition").asInt(),
                        Partitioner.partition(key, vector.path("partitions").asInt()));
            } else {
                ByteBuf batch = hex(vector.path("batch"));
                UUID topic = UUID.fromString(vector.path("topicId").asText());
                int partition = vector.path("partition").asInt();
                int checksum = HeaderChecksum.of(topic, partition, batch);
                assertEquals(vector.path("headerChecksum").asText(), "%08x".formatted(checksum));
                assertNotEquals(checksum, HeaderChecksum.of(topic, partition + 1, batch));
            }
        }
    }

    private static void assertSame(Message expected, Message actual, String name) {
        if (expected instanceof Message.End end && end.error() != null) {
            Message.End there = (Message.End) actual;
            assertEquals(
                    end.error().line(),
                    there.error() == null ? "" : there.error().line(),
                    name);
            assertEquals(end.handle(), there.handle(), name);
        } else {
            assertEquals(expected, actual, name);
        }
    }

    private static Message message(JsonNode vector) {
        JsonNode fields = vector.path("fields");
        int handle = fields.path("handle").asInt();
        return switch (vector.path("kind").asText()) {
            case "OPEN" -> new Message.Open(fields.path("json").asText());
            case "BATCH" ->
                new Message.Batch(
                        fields.path("partition").asInt(),
                        fields.path("sequence").asLong(),
                        hex(fields.path("batch")));
            case "CREDIT" ->
                new Message.Credit(
                        fields.path("records").asLong(), fields.path("bytes").asLong());
            case "ADD" -> new Message.Add(handle, fields.path("offset").asLong());
            case "REMOVE" -> new Message.Remove(handle);
            case "OPENED" ->
                new Message.Opened(
                        fields.path("partitions").asInt(),
                        fields.path("maxRecordBytes").asInt());
            case "WRITE_CREDIT" ->
                new Message.WriteCredit(
                        fields.path("batches").asInt(), fields.path("bytes").asLong());
            case "ACK" ->
                new Message.Ack(
                        fields.path("sequence").asLong(),
                        fields.path("baseOffset").asLong());
            case "PART_ACK" ->
                new Message.PartAck(
                        fields.path("sequence").asLong(),
                        fields.path("records").asInt(),
                        fields.path("baseOffset").asLong());
            case "RECORDS" -> new Message.Records(handle, fields.path("records").asInt(), hex(fields.path("batch")));
            case "GAP" ->
                new Message.Gap(
                        handle, fields.path("from").asLong(), fields.path("to").asLong());
            case "PASSED" -> new Message.Passed(handle, fields.path("offset").asLong());
            case "DROPPED" ->
                new Message.Dropped(
                        handle, fields.path("from").asLong(), fields.path("to").asLong());
            case "END" ->
                new Message.End(
                        handle,
                        fields.path("error").isNull()
                                ? null
                                : ErrorJson.fromJson(fields.path("error").asText()));
            default -> throw new IllegalArgumentException(vector.path("kind").asText());
        };
    }

    private static List<StoredRecord> records(JsonNode vector) {
        List<StoredRecord> records = new ArrayList<>();
        for (JsonNode record : vector.path("records")) {
            List<Header> headers = new ArrayList<>();
            for (JsonNode header : record.path("headers")) {
                headers.add(new Header(header.get(0).asText(), bytes(header.get(1))));
            }
            records.add(new StoredRecord(
                    "t",
                    0,
                    record.path("offset").asLong(),
                    record.path("timestamp").asLong(),
                    bytes(record.path("key")),
                    bytes(record.path("value")),
                    headers));
        }
        return records;
    }

    private static byte @Nullable [] bytes(JsonNode hex) {
        return hex.isNull() ? null : ByteBufUtil.decodeHexDump(hex.asText());
    }

    private static ByteBuf hex(JsonNode hex) {
        return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.asText()));
    }

    private static JsonNode vectors(String file) throws IOException {
        try (InputStream in = GoldenVectorsTest.class.getResourceAsStream("/golden/" + file)) {
            JsonNode vectors = JSON.readTree(in).path("vectors");
            assertFalse(vectors.isEmpty(), file);
            return vectors;
        }
    }
}
