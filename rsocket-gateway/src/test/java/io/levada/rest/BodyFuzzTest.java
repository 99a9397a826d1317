package io.levada.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.Ack;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.Filter;
import io.levada.Header;
import io.levada.LevadaException;
import io.levada.Record;
import io.levada.RecordJson;
import io.levada.StoredRecord;
import io.levada.protocol.BatchBuilder;
import io.levada.protocol.FilterJson;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordBatch;
import io.levada.protocol.RecordCursor;
import io.levada.protocol.RecordFilter;
import io.levada.testgate.FuzzGate;
import io.levada.wire.Json;
import io.levada.wire.TopicRequests;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whatever body a request has, in whatever pieces it comes: it is refused with a code that is documented, or its records are the
 * same in one piece and in many, published, stored and written as JSON again.
 *
 * <p>An input is a byte that says how, then the body; {@link #GZIP} and {@link #DEFLATE} have it inflated first.
 */
class BodyFuzzTest {
    private static final int GZIP = 0x01;
    private static final int DEFLATE = 0x02;
    private static final int MOST_BYTES = 64 << 10;

    private static final Set<ErrorCode> REFUSALS = EnumSet.of(ErrorCode.INVALID_REQUEST, ErrorCode.MESSAGE_TOO_LARGE);
    private static final ObjectMapper STRICT =
            new ObjectMapper().enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final FuzzGate gate = new FuzzGate();
    private final RestLimits limits = RestLimits.defaults();
    private final Produce produce = new Produce(new RequestBody(limits), limits);
    private final ConfluentRoutes confluent = new ConfluentRoutes(new RequestBody(limits), limits);
    private final ConfluentForm form = new ConfluentForm("c");

    @FuzzTest
    void a_body_is_refused_or_means_one_thing(byte[] input) {
        if (input.length == 0) {
            return;
        }
        int pieceBytes = 1 + (input[0] >> 3 & 0x1F);
        byte[] body = inflated(Arrays.copyOfRange(input, 1, input.length), input[0], pieceBytes);
        if (body != null) {
            json(body);
            lines(body, pieceBytes);
            texts(body, pieceBytes);
            batch(body);
            requests(body);
        }
        gate.settled();
    }

    private static <T> @Nullable T orRefused(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (LevadaException e) {
            assertTrue(REFUSALS.contains(e.code()), e.line());
            return null;
        }
    }

    /** In one piece or in many, it becomes the same; null where it cannot be. */
    private static byte @Nullable [] inflated(byte[] packed, int how, int pieceBytes) {
        Inflation.Coding coding = (how & GZIP) != 0
                ? Inflation.Coding.GZIP
                : (how & DEFLATE) != 0 ? Inflation.Coding.DEFLATE : Inflation.Coding.NONE;
        byte[] whole = orRefused(() -> Inflation.all(packed, coding, MOST_BYTES));
        if (whole == null || coding == Inflation.Coding.NONE) {
            return whole;
        }
        assertTrue(whole.length <= MOST_BYTES + (16 << 10), "inflated without bound");
        byte[] inPieces = orRefused(() -> inPieces(packed, coding, pieceBytes));
        if (inPieces != null && inPieces.length == whole.length) {
            assertArrayEquals(whole, inPieces);
        }
        return whole;
    }

    private static byte[] inPieces(byte[] packed, Inflation.Coding coding, int pieceBytes) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Inflation inflation = new Inflation(coding)) {
            for (int at = 0; at < packed.length; at += pieceBytes) {
                all.writeBytes(
                        inflation.inflate(Arrays.copyOfRange(packed, at, Math.min(packed.length, at + pieceBytes))));
            }
        }
        return all.toByteArray();
    }

    private void json(byte[] body) {
        List<Record> records = orRefused(() -> produce.records(body));
        if (records != null) {
            records.forEach(this::record);
        }
    }

    /** A record that was read can be published, is stored as it was read, and is told as it is read again. */
    private void record(Record record) {
        assertTrue(record.partition() >= Record.ANY_PARTITION && record.timestampMs() >= Record.NO_TIMESTAMP);
        List<Header> stored = orRefused(() -> stored(record));
        if (stored == null) {
            return;
        }
        assertEquals(record.headers(), stored, "headers as they are stored");
        String line =
                RecordJson.line(new StoredRecord("t", 0, 7, 1_000, record.key(), record.value(), record.headers()));
        Record again = RecordJson.parse(line);
        assertArrayEquals(record.key(), again.key());
        assertArrayEquals(record.value(), again.value());
        assertEquals(byName(record.headers()), byName(again.headers()));
    }

    private List<Header> stored(Record record) {
        try (BatchBuilder builder = new BatchBuilder(gate.allocator(), Compression.NONE, Limits.DEFAULT)) {
            builder.append(Math.max(0, record.timestampMs()), record.key(), record.value(), record.headers());
            ByteBuf batch = builder.build();
            try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
                RecordBatch.validatePublished(batch, Limits.DEFAULT);
                assertTrue(cursor.next());
                return cursor.headers();
            } finally {
                batch.release();
            }
        }
    }

    private static Map<String, List<Header>> byName(List<Header> headers) {
        Map<String, List<Header>> byName = new LinkedHashMap<>();
        headers.forEach(header ->
                byName.computeIfAbsent(header.key(), name -> new ArrayList<>()).add(header));
        return byName;
    }

    private static List<Splitter.Text> split(Splitter splitter, byte[] body, int pieceBytes) {
        List<Splitter.Text> texts = new ArrayList<>();
        for (int at = 0; at < body.length; at += pieceBytes) {
            texts.addAll(splitter.split(Arrays.copyOfRange(body, at, Math.min(body.length, at + pieceBytes))));
        }
        texts.addAll(splitter.rest());
        return texts;
    }

    private void lines(byte[] body, int pieceBytes) {
        List<Splitter.Text> lines = split(new Lines(500), body, pieceBytes);
        assertEquals(split(new Lines(500), body, MOST_BYTES), lines);
        for (Splitter.Text line : lines) {
            ProduceLines.Entry entry = orRefused(() -> Produce.LINE.read(line.content()));
            if (entry != null) {
                record(entry.record());
                told(entry.told().apply(new Ack("t", 1, 2, 3)));
            }
        }
    }

    private static JsonNode told(String json) {
        try {
            return STRICT.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError("told as " + json, e);
        }
    }

    private void texts(byte[] body, int pieceBytes) {
        List<Splitter.Text> texts = split(new JsonTexts(500), body, pieceBytes);
        assertEquals(split(new JsonTexts(500), body, MOST_BYTES), texts);
        String all = new String(body, StandardCharsets.UTF_8).strip();
        if (all.length() < 100 && all.startsWith("{") && isJson(all)) {
            Splitter.Text one = new Splitter.Text(all);
            assertEquals(List.of(one), texts, "one object is one text");
            byte[] twice = (all + all).getBytes(StandardCharsets.UTF_8);
            assertEquals(List.of(one, one), split(new JsonTexts(500), twice, pieceBytes), "and two are two");
        }
        for (Splitter.Text text : texts) {
            try {
                ProduceLines.Entry entry = form.read(text.content());
                told(entry.told().apply(new Ack("t", 1, 2, 3)));
                orRefused(() -> stored(entry.record()));
            } catch (LevadaException e) {
                assertTrue(REFUSALS.contains(e.code()), e.line());
                assertEquals(
                        e.code().httpStatus(),
                        told(form.failed(e)).path("error_code").intValue());
            }
        }
    }

    private static boolean isJson(String text) {
        try {
            STRICT.readTree(text);
            return true;
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    private void batch(byte[] body) {
        List<ConfluentRoutes.Item> items = orRefused(() -> confluent.items(form, body));
        if (items != null) {
            items.forEach(item -> assertTrue((item.entry() == null) != (item.wrong() == null), "either, or"));
        }
    }

    private static void requests(byte[] body) {
        orRefused(() -> TopicRequests.spec(Json.read("creating a topic", body)));
        ClaimSpec claim = orRefused(() -> ClaimRoutes.spec("g", Json.read("a claim", body)));
        if (claim != null) {
            assertTrue(claim.max() >= 1
                    && claim.maxBytes() >= 1
                    && !claim.patience().isNegative());
        }
        Filter filter =
                orRefused(() -> FilterJson.fromJson(Json.tree("filter", new String(body, StandardCharsets.UTF_8))));
        if (filter != null) {
            assertEquals(filter, FilterJson.fromJson(FilterJson.toJson(filter)));
            orRefused(() -> Objects.requireNonNull(RecordFilter.of(filter)));
        }
    }
}
