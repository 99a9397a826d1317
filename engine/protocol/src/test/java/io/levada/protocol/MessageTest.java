package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessageTest {
    static List<Message> messagesWithoutBatch() {
        return List.of(
                new Message.Open("{\"topic\":\"größe\"}"),
                new Message.Credit(1, Long.MAX_VALUE),
                new Message.Add(3, 1L << 40),
                new Message.Remove(Integer.MAX_VALUE),
                new Message.Opened(12, 1 << 20),
                new Message.WriteCredit(16, 1 << 20),
                new Message.Ack(0, 99),
                new Message.PartAck(1L << 40, 3, 1L << 41),
                new Message.Gap(1, 5, 10),
                new Message.Passed(1, 1L << 40),
                new Message.End(2, null));
    }

    @ParameterizedTest
    @MethodSource("messagesWithoutBatch")
    void what_is_sent_is_what_arrives(Message message) {
        ByteBuf bytes = message.encode(Batches.ALLOCATOR);
        assertEquals(message, Message.decode(bytes, Batches.LIMITS));
        assertEquals(message, Message.decode(shifted(bytes), Batches.LIMITS));
        bytes.release();
    }

    @ParameterizedTest
    @MethodSource("messagesWithoutBatch")
    void no_truncation_is_taken_for_another_message(Message message) {
        ByteBuf encoded = message.encode(Batches.ALLOCATOR);
        ByteBuf bytes = Batches.heap(encoded);
        encoded.release();
        for (int length = 0; length < bytes.readableBytes(); length++) {
            ByteBuf cut = bytes.slice(0, length);
            if (!(message instanceof Message.Open) || length == 0) {
                Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> Message.decode(cut, Batches.LIMITS));
            }
        }
    }

    @Test
    void a_batch_is_neither_copied_on_its_way_out_nor_in() {
        for (boolean published : new boolean[] {true, false}) {
            ByteBuf batch = Batches.build(Compression.NONE, Batches.variety());
            ByteBuf expected = Batches.heap(batch);
            Message message = published ? new Message.Batch(4, 7, batch) : new Message.Records(4, 6, batch);
            ByteBuf bytes = message.encode(Batches.ALLOCATOR);
            batch.setByte(batch.writerIndex() - 1, 0x55);
            assertEquals(0x55, bytes.getByte(bytes.writerIndex() - 1), "copied when encoded");
            batch.setByte(batch.writerIndex() - 1, expected.getByte(expected.writerIndex() - 1));

            Message decoded = Message.decode(bytes, Batches.LIMITS);
            ByteBuf arrived;
            if (decoded instanceof Message.Batch there) {
                assertEquals(List.of(4L, 7L), List.of((long) there.partition(), there.sequence()));
                arrived = there.batch();
            } else {
                Message.Records there = (Message.Records) decoded;
                assertEquals(List.of(4, 6), List.of(there.handle(), there.records()));
                arrived = there.batch();
            }
            assertEquals(published, decoded instanceof Message.Batch);
            bytes.setByte(bytes.writerIndex() - 1, 0x66);
            assertEquals(0x66, arrived.getByte(arrived.writerIndex() - 1), "copied when decoded");
            bytes.setByte(bytes.writerIndex() - 1, expected.getByte(expected.writerIndex() - 1));
            bytes.release();
            assertEquals(expected, arrived);
            RecordBatch.validatePublished(arrived, Batches.LIMITS);
            arrived.release();
            assertEquals(0, batch.refCnt());
        }
    }

    @Test
    void an_error_arrives_with_its_code() {
        LevadaException error = new LevadaException(ErrorCode.OFFSET_OUT_OF_RANGE, "earliest 5, latest \"9\"");
        ByteBuf bytes = new Message.End(1, error).encode(Batches.ALLOCATOR);
        Message.End end = (Message.End) Message.decode(bytes, Batches.LIMITS);
        bytes.release();
        assertNotNull(end.error());
        assertEquals(error.line(), end.error().line());
    }

    @Test
    void what_is_no_message_is_an_invalid_request() {
        for (String hex : new String[] {
            "00", // no such kind
            "06",
            "ff",
            "03ffffffffffffffff0000000000000001", // negative credit
            "0300000000000000018000000000000000",
            "04ffffffff0000000000000001", // negative handle
            "0400000001ffffffffffffffff", // negative offset
            "05ffffffff",
            "050000000100", // a byte too many
            "02ffffffff0000000000000000", // negative partition
            "0200000000ffffffffffffffff", // negative sequence
            "0200000000", // cut short
            "2100000000ffffffff", // negative count
            "12ffffffff0000000000000000",
            "14ffffffffffffffff000000010000000000000001", // negative sequence
            "140000000000000001ffffffff0000000000000001", // negative count
            "14000000000000000100000001ffffffffffffffff", // negative offset
            "1400000000000000010000000100000000000000", // cut short
            "22000000000000000000000001ffffffffffffffff",
            "117b", // not JSON
            "117b7d", // a field missing
        }) {
            ByteBuf bytes = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex));
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> Message.decode(bytes, Batches.LIMITS));
        }
        Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> Message.decode(Unpooled.EMPTY_BUFFER, Batches.LIMITS));
    }

    @Test
    void what_is_too_large_is_refused_before_it_is_decoded() {
        ByteBuf json = Unpooled.buffer().writeByte(MessageCodec.OPEN).writeZero(Batches.LIMITS.maxJsonBytes() + 1);
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> Message.decode(json, Batches.LIMITS));
        ByteBuf batch = Unpooled.buffer().writeByte(MessageCodec.RECORDS).writeZero(8);
        batch.writeZero(Batches.LIMITS.maxBatchBytes() + 1);
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> Message.decode(batch, Batches.LIMITS));
        assertEquals(1, batch.refCnt());
    }

    @Test
    void opened_has_counts_and_no_other_numbers() {
        for (String wrong : List.of("-1", "1.5", "\"1\"", "3000000000")) {
            String json = "{\"partitions\":" + wrong + ",\"maxRecordBytes\":5}";
            ByteBuf bytes = Unpooled.buffer().writeByte(MessageCodec.OPENED).writeBytes(Batches.utf8(json));
            Batches.assertFails(ErrorCode.INVALID_REQUEST, () -> Message.decode(bytes, Batches.LIMITS));
        }
    }

    @Test
    void a_message_that_nobody_wants_gives_its_batch_back() {
        for (int kind : new int[] {MessageCodec.BATCH, MessageCodec.RECORDS}) {
            ByteBuf bytes = Unpooled.buffer().writeByte(kind).writeZero(20);
            Message message = Message.decode(bytes, Batches.LIMITS);
            assertEquals(2, bytes.refCnt());
            message.release();
            assertEquals(1, bytes.refCnt());
        }
        new Message.Remove(1).release();
    }

    @Test
    void errors_in_json_say_all_they_can() {
        assertEquals(
                "{\"error\":{\"code\":\"STORAGE_FULL\",\"message\":\"no \\\"room\\\"\",\"retriable\":true}}",
                ErrorJson.toJson(new LevadaException(ErrorCode.STORAGE_FULL, "no \"room\"")));
        assertTrue(ErrorJson.toJson(new IllegalStateException("odd")).contains("\"UNKNOWN_SERVER_ERROR\""));
        for (ErrorCode code : ErrorCode.values()) {
            LevadaException back = ErrorJson.fromJson(ErrorJson.toJson(new LevadaException(code, "why")));
            assertEquals(code + ": why", back.line());
            assertNull(back.getCause());
        }
        assertEquals(
                "UNKNOWN_SERVER_ERROR: FROM_THE_FUTURE: why",
                ErrorJson.fromJson("{\"error\":{\"code\":\"FROM_THE_FUTURE\",\"message\":\"why\"}}")
                        .line());
        assertEquals("UNKNOWN_SERVER_ERROR: {}", ErrorJson.fromJson("{}").line());
        assertEquals("UNKNOWN_SERVER_ERROR: oops", ErrorJson.fromJson("oops").line());
        assertEquals("UNKNOWN_SERVER_ERROR: ", ErrorJson.fromJson("").line());
    }

    private static ByteBuf shifted(ByteBuf bytes) {
        return Unpooled.buffer().writeZero(5).writeBytes(bytes.duplicate()).readerIndex(5);
    }
}
