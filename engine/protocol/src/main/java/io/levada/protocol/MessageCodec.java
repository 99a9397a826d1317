package io.levada.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import java.nio.charset.StandardCharsets;

/** The bytes of {@link Message}. Stateless. */
final class MessageCodec {
    static final int OPEN = 0x01;
    static final int BATCH = 0x02;
    static final int CREDIT = 0x03;
    static final int ADD = 0x04;
    static final int REMOVE = 0x05;
    static final int OPENED = 0x11;
    static final int WRITE_CREDIT = 0x12;
    static final int ACK = 0x13;
    static final int PART_ACK = 0x14;
    static final int RECORDS = 0x21;
    static final int GAP = 0x22;
    static final int END = 0x23;
    static final int PASSED = 0x24;
    static final int DROPPED = 0x25;

    private static final ObjectMapper JSON = new ObjectMapper();

    private MessageCodec() {}

    static ByteBuf encode(ByteBufAllocator allocator, Message message) {
        if (message instanceof Message.Batch batch) {
            ByteBuf prefix = start(allocator, BATCH, 12).writeInt(batch.partition());
            return join(allocator, prefix.writeLong(batch.sequence()), batch.batch());
        } else if (message instanceof Message.Records records) {
            ByteBuf prefix = start(allocator, RECORDS, 8).writeInt(records.handle());
            return join(allocator, prefix.writeInt(records.records()), records.batch());
        } else if (message instanceof Message.Credit credit) {
            return start(allocator, CREDIT, 16).writeLong(credit.records()).writeLong(credit.bytes());
        } else if (message instanceof Message.Ack ack) {
            return start(allocator, ACK, 16).writeLong(ack.sequence()).writeLong(ack.baseOffset());
        } else if (message instanceof Message.WriteCredit credit) {
            return start(allocator, WRITE_CREDIT, 12).writeInt(credit.batches()).writeLong(credit.bytes());
        } else if (message instanceof Message.PartAck part) {
            ByteBuf fields = start(allocator, PART_ACK, 20).writeLong(part.sequence());
            return fields.writeInt(part.records()).writeLong(part.baseOffset());
        } else if (message instanceof Message.Add add) {
            return start(allocator, ADD, 12).writeInt(add.handle()).writeLong(add.offset());
        } else if (message instanceof Message.Remove remove) {
            return start(allocator, REMOVE, 4).writeInt(remove.handle());
        } else if (message instanceof Message.Gap gap) {
            return range(allocator, GAP, gap.handle(), gap.from(), gap.to());
        } else if (message instanceof Message.Dropped dropped) {
            return range(allocator, DROPPED, dropped.handle(), dropped.from(), dropped.to());
        } else if (message instanceof Message.Passed passed) {
            return start(allocator, PASSED, 12).writeInt(passed.handle()).writeLong(passed.offset());
        } else if (message instanceof Message.Open open) {
            return text(allocator, OPEN, open.json());
        } else if (message instanceof Message.Opened opened) {
            return text(
                    allocator,
                    OPENED,
                    "{\"partitions\":" + opened.partitions() + ",\"maxRecordBytes\":" + opened.maxRecordBytes() + "}");
        } else {
            Message.End end = (Message.End) message;
            String error = end.error() == null ? "" : ErrorJson.toJson(end.error());
            ByteBuf target = start(allocator, END, 4 + ByteBufUtil.utf8MaxBytes(error));
            ByteBufUtil.writeUtf8(target.writeInt(end.handle()), error);
            return target;
        }
    }

    private static ByteBuf start(ByteBufAllocator allocator, int kind, int fieldBytes) {
        return allocator.buffer(1 + fieldBytes).writeByte(kind);
    }

    private static ByteBuf range(ByteBufAllocator allocator, int kind, int handle, long from, long to) {
        return start(allocator, kind, 20).writeInt(handle).writeLong(from).writeLong(to);
    }

    private static ByteBuf text(ByteBufAllocator allocator, int kind, String json) {
        ByteBuf target = start(allocator, kind, ByteBufUtil.utf8MaxBytes(json));
        ByteBufUtil.writeUtf8(target, json);
        return target;
    }

    private static ByteBuf join(ByteBufAllocator allocator, ByteBuf prefix, ByteBuf batch) {
        CompositeByteBuf joined = allocator.compositeBuffer(2);
        return joined.addComponents(true, prefix, batch);
    }

    static Message decode(ByteBuf buffer, Limits limits) {
        int index = buffer.readerIndex();
        int fields = buffer.readableBytes() - 1;
        if (fields < 0) {
            throw invalid("an empty message");
        }
        int kind = buffer.getByte(index);
        int at = index + 1;
        return switch (kind) {
            case OPEN -> new Message.Open(json(buffer, 1, limits));
            case BATCH -> {
                atLeast(kind, 12, fields);
                long sequence = notNegative(kind, buffer.getLong(at + 4));
                yield new Message.Batch(handle(kind, buffer, at), sequence, batch(buffer, 13, limits));
            }
            case CREDIT -> {
                exactly(kind, 16, fields);
                long records = notNegative(kind, buffer.getLong(at));
                yield new Message.Credit(records, notNegative(kind, buffer.getLong(at + 8)));
            }
            case ADD -> {
                exactly(kind, 12, fields);
                yield new Message.Add(handle(kind, buffer, at), notNegative(kind, buffer.getLong(at + 4)));
            }
            case REMOVE -> {
                exactly(kind, 4, fields);
                yield new Message.Remove(handle(kind, buffer, at));
            }
            case OPENED -> opened(json(buffer, 1, limits));
            case WRITE_CREDIT -> {
                exactly(kind, 12, fields);
                int batches = (int) notNegative(kind, buffer.getInt(at));
                yield new Message.WriteCredit(batches, notNegative(kind, buffer.getLong(at + 4)));
            }
            case ACK -> {
                exactly(kind, 16, fields);
                long sequence = notNegative(kind, buffer.getLong(at));
                yield new Message.Ack(sequence, notNegative(kind, buffer.getLong(at + 8)));
            }
            case PART_ACK -> {
                exactly(kind, 20, fields);
                long sequence = notNegative(kind, buffer.getLong(at));
                int records = (int) notNegative(kind, buffer.getInt(at + 8));
                yield new Message.PartAck(sequence, records, notNegative(kind, buffer.getLong(at + 12)));
            }
            case RECORDS -> {
                atLeast(kind, 8, fields);
                int records = (int) notNegative(kind, buffer.getInt(at + 4));
                yield new Message.Records(handle(kind, buffer, at), records, batch(buffer, 9, limits));
            }
            case GAP -> {
                exactly(kind, 20, fields);
                long from = notNegative(kind, buffer.getLong(at + 4));
                yield new Message.Gap(handle(kind, buffer, at), from, notNegative(kind, buffer.getLong(at + 12)));
            }
            case DROPPED -> {
                exactly(kind, 20, fields);
                long from = notNegative(kind, buffer.getLong(at + 4));
                yield new Message.Dropped(handle(kind, buffer, at), from, notNegative(kind, buffer.getLong(at + 12)));
            }
            case PASSED -> {
                exactly(kind, 12, fields);
                yield new Message.Passed(handle(kind, buffer, at), notNegative(kind, buffer.getLong(at + 4)));
            }
            case END -> {
                atLeast(kind, 4, fields);
                int handle = handle(kind, buffer, at);
                yield new Message.End(handle, fields == 4 ? null : ErrorJson.fromJson(json(buffer, 5, limits)));
            }
            default -> throw invalid("unknown message kind 0x%02x".formatted(kind & 0xff));
        };
    }

    private static Message opened(String json) {
        try {
            JsonNode node = JSON.readTree(json);
            JsonNode partitions = node.path("partitions");
            JsonNode maxRecordBytes = node.path("maxRecordBytes");
            if (isCount(partitions) && isCount(maxRecordBytes)) {
                return new Message.Opened(partitions.intValue(), maxRecordBytes.intValue());
            }
        } catch (JsonProcessingException e) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "OPENED is not JSON", e);
        }
        throw invalid("OPENED without partitions and maxRecordBytes");
    }

    private static boolean isCount(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToInt() && node.intValue() >= 0;
    }

    private static String json(ByteBuf buffer, int offset, Limits limits) {
        int length = buffer.readableBytes() - offset;
        if (length > limits.maxJsonBytes()) {
            throw new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "JSON of " + length + " bytes in a message; at most " + limits.maxJsonBytes() + " are taken");
        }
        return buffer.toString(buffer.readerIndex() + offset, length, StandardCharsets.UTF_8);
    }

    private static ByteBuf batch(ByteBuf buffer, int offset, Limits limits) {
        int length = buffer.readableBytes() - offset;
        if (length > limits.maxBatchBytes()) {
            throw new LevadaException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a batch of " + length + " bytes; at most " + limits.maxBatchBytes() + " are taken");
        }
        return buffer.retainedSlice(buffer.readerIndex() + offset, length);
    }

    private static int handle(int kind, ByteBuf buffer, int index) {
        return (int) notNegative(kind, buffer.getInt(index));
    }

    private static long notNegative(int kind, long value) {
        if (value < 0) {
            throw invalid(value + " in a message of kind 0x%02x".formatted(kind));
        }
        return value;
    }

    private static void exactly(int kind, int expected, int fields) {
        if (fields != expected) {
            throw invalid(
                    "a message of kind 0x%02x takes %d bytes of fields, not %d".formatted(kind, expected, fields));
        }
    }

    private static void atLeast(int kind, int expected, int fields) {
        if (fields < expected) {
            throw invalid(
                    "a message of kind 0x%02x takes %d bytes of fields, not %d".formatted(kind, expected, fields));
        }
    }

    private static LevadaException invalid(String what) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, what);
    }
}
