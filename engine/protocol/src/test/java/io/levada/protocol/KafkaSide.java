package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.levada.Compression;
import io.levada.Header;
import io.levada.StoredRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Utils;

/** The same records, seen and written by kafka-clients. */
final class KafkaSide {
    private KafkaSide() {}

    static MutableRecordBatch open(ByteBuf batch) {
        Iterator<MutableRecordBatch> batches = MemoryRecords.readableRecords(
                        ByteBuffer.wrap(ByteBufUtil.getBytes(batch)))
                .batches()
                .iterator();
        MutableRecordBatch first = batches.next();
        assertFalse(batches.hasNext());
        first.ensureValid();
        return first;
    }

    static List<StoredRecord> read(ByteBuf batch) {
        List<StoredRecord> records = new ArrayList<>();
        for (Record record : open(batch)) {
            record.ensureValid();
            Header[] headers = Arrays.stream(record.headers())
                    .map(header -> new Header(header.key(), header.value()))
                    .toArray(Header[]::new);
            records.add(Batches.record(
                    record.offset(),
                    record.timestamp(),
                    Utils.toNullableArray(record.key()),
                    Utils.toNullableArray(record.value()),
                    headers));
        }
        return records;
    }

    static ByteBuf write(Compression compression, List<StoredRecord> records) {
        return write(compression, TimestampType.CREATE_TIME, 0, records);
    }

    static ByteBuf write(
            Compression compression, TimestampType timestampType, long baseOffset, List<StoredRecord> records) {
        SimpleRecord[] simple = records.stream()
                .map(record -> new SimpleRecord(
                        record.timestampMs(),
                        record.key(),
                        record.value(),
                        record.headers().stream()
                                .map(header -> new RecordHeader(header.key(), header.value()))
                                .toArray(RecordHeader[]::new)))
                .toArray(SimpleRecord[]::new);
        return Unpooled.wrappedBuffer(MemoryRecords.withRecords(
                        MAGIC_2,
                        baseOffset,
                        org.apache.kafka.common.compress.Compression.of(CompressionType.forId(compression.id()))
                                .build(),
                        timestampType,
                        simple)
                .buffer());
    }

    private static final byte MAGIC_2 = 2;
}
