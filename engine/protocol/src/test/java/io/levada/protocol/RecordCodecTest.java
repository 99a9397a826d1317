package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import io.levada.Compression;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyInputStream;
import org.xerial.snappy.SnappyOutputStream;

/** The codecs alone, against the libraries' own streams and against what no library would write. */
class RecordCodecTest {
    private static final int MAX_BYTES = 1 << 20;

    /** The largest block of any codec, by which a bound may be overrun before it is noticed. */
    private static final int BLOCK_BYTES = 4 << 20;

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void streams_of_the_libraries_go_both_ways(Compression codec) throws IOException {
        for (int length : new int[] {1, 100, 32 << 10, (64 << 10) - 1, 64 << 10, 300_000}) {
            byte[] plain = mixed(length);
            assertArrayEquals(plain, inflate(codec, packWithLibrary(codec, plain)));
            try (InputStream in = library(codec, new ByteArrayInputStream(pack(codec, plain)))) {
                assertArrayEquals(plain, in.readAllBytes());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void bombs_are_refused_within_bounds(Compression codec) throws IOException {
        byte[] bomb = packWithLibrary(codec, new byte[24 << 20]);
        ByteBuf target = Batches.ALLOCATOR.directBuffer(16);
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> RecordCodec.of(codec)
                .inflate(Unpooled.wrappedBuffer(bomb), target, MAX_BYTES));
        assertTrue(target.capacity() <= MAX_BYTES + BLOCK_BYTES, "allocated " + target.capacity());
        target.release();
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void the_bound_is_the_last_size_that_passes(Compression codec) throws IOException {
        byte[] most = packWithLibrary(codec, new byte[MAX_BYTES]);
        assertEquals(MAX_BYTES, inflate(codec, most).length);
        byte[] more = packWithLibrary(codec, new byte[MAX_BYTES + 1]);
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> inflate(codec, more));
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void a_bomb_in_a_batch_is_refused_when_published_and_when_read(Compression codec) throws IOException {
        ByteBuf batch = Batches.heapBatch(Compression.NONE, Batches.variety());
        ByteBuf bomb = Unpooled.buffer().writeBytes(batch, 0, RecordBatch.HEADER_BYTES);
        bomb.writeBytes(packWithLibrary(codec, new byte[17 << 20])).setShort(RecordBatch.ATTRIBUTES_OFFSET, codec.id());
        RecordBatch.seal(bomb);
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> RecordBatch.validatePublished(bomb, Batches.LIMITS));
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> RecordCursor.open(bomb, Batches.LIMITS));
        Batches.assertFails(ErrorCode.MESSAGE_TOO_LARGE, () -> RecordBatch.inflate(bomb, Batches.LIMITS));
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void truncated_and_damaged_input_fails_or_gives_something_bounded(Compression codec) {
        byte[] packed = pack(codec, mixed(5_000));
        for (int length = 0; length < packed.length; length += 1 + length / 100) {
            tolerate(codec, Arrays.copyOf(packed, length));
        }
        Random random = new Random(5);
        for (int i = 0; i < 600; i++) {
            byte[] damaged = packed.clone();
            // Frames are most interesting where they begin.
            damaged[random.nextInt(i % 2 == 0 ? 24 : damaged.length)] = (byte) random.nextInt();
            tolerate(codec, damaged);
            byte[] noise = new byte[random.nextInt(100)];
            random.nextBytes(noise);
            tolerate(codec, noise);
        }
    }

    private static void tolerate(Compression codec, byte[] packed) {
        try {
            assertTrue(inflate(codec, packed).length <= MAX_BYTES + BLOCK_BYTES);
        } catch (LevadaException e) {
            assertTrue(e.code() == ErrorCode.CORRUPT_MESSAGE || e.code() == ErrorCode.MESSAGE_TOO_LARGE);
        }
    }

    @Test
    void snappy_without_framing_is_read() throws IOException {
        byte[] plain = mixed(100_000);
        assertArrayEquals(plain, inflate(Compression.SNAPPY, Snappy.compress(plain)));
    }

    @Test
    void snappy_lengths_are_not_believed() {
        byte[] header = ByteBufUtil.decodeHexDump("82534e41505059000000000100000001");
        for (String block : new String[] {
            "7fffffff00", // a block longer than what is there
            "ffffffff00", // a negative length
            "000000", // a length cut short
            "0000000500", // one byte of five
            "0000000180", // an inflated length that does not end
            "00000006ffffffff0f00", // inflates to -1
        }) {
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> inflate(Compression.SNAPPY, join(header, block)));
        }
        // Inflates to 2^30, says the block.
        Batches.assertFails(
                ErrorCode.MESSAGE_TOO_LARGE, () -> inflate(Compression.SNAPPY, join(header, "00000006808080800400")));
        assertEquals(0, inflate(Compression.SNAPPY, header).length);
    }

    @Test
    void lz4_frames_with_all_options_are_read_and_their_checksums_kept() throws IOException {
        byte[] plain = mixed(200_000);
        for (BLOCKSIZE blockSize : BLOCKSIZE.values()) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (OutputStream out = new LZ4FrameOutputStream(
                    bytes,
                    blockSize,
                    plain.length,
                    FLG.Bits.BLOCK_INDEPENDENCE,
                    FLG.Bits.BLOCK_CHECKSUM,
                    FLG.Bits.CONTENT_CHECKSUM,
                    FLG.Bits.CONTENT_SIZE)) {
                out.write(plain);
            }
            byte[] packed = bytes.toByteArray();
            assertArrayEquals(plain, inflate(Compression.LZ4, packed));
            // Header, middle of a block, content checksum: with these options nothing may change unnoticed.
            for (int at : new int[] {0, 4, 5, 8, 14, 1_000, packed.length - 5, packed.length - 1}) {
                byte[] damaged = packed.clone();
                damaged[at] ^= 1;
                Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> inflate(Compression.LZ4, damaged));
            }
        }
    }

    @Test
    void lz4_blocks_longer_than_the_frame_or_its_block_size_are_refused() {
        byte[] empty = pack(Compression.LZ4, new byte[0]);
        assertEquals(11, empty.length);
        assertEquals(0, inflate(Compression.LZ4, empty).length);
        byte[] header = Arrays.copyOf(empty, 7);
        for (String blocks : new String[] {"ffffff7f", "ffffffff", "01000100" + "00".repeat(70_000), "05000000", ""}) {
            Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> inflate(Compression.LZ4, join(header, blocks)));
        }
        Batches.assertFails(ErrorCode.CORRUPT_MESSAGE, () -> inflate(Compression.LZ4, join(empty, "00")));
    }

    @Test
    void zstd_frames_that_announce_too_much_are_refused_before_allocation() {
        byte[] packed = Zstd.compress(new byte[MAX_BYTES + 1]);
        ByteBuf target = Batches.ALLOCATOR.directBuffer(16);
        Batches.assertFails(
                ErrorCode.MESSAGE_TOO_LARGE,
                () -> ZstdCodec.INSTANCE.inflate(Unpooled.wrappedBuffer(packed), target, MAX_BYTES));
        assertEquals(16, target.capacity());
        target.release();
    }

    @Test
    void what_does_not_get_smaller_goes_uncompressed() {
        byte[] noise = new byte[10_000];
        new Random(1).nextBytes(noise);
        for (Compression codec : Compression.values()) {
            ByteBuf batch = Batches.heapBatch(codec, List.of(Batches.record(0, 1, null, noise)));
            assertEquals(Compression.NONE, RecordBatch.compression(batch));
            RecordBatch.validatePublished(batch, Batches.LIMITS);
        }
    }

    /** Half text, half noise. */
    private static byte[] mixed(int length) {
        byte[] bytes = new byte[length];
        Random random = new Random(length);
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) ((i / 5_000) % 2 == 0 ? "a line of text, and again ".charAt(i % 26) : random.nextInt());
        }
        return bytes;
    }

    private static byte[] pack(Compression codec, byte[] plain) {
        ByteBuf target = Batches.ALLOCATOR.directBuffer(16);
        RecordCodec.of(codec).compress(Unpooled.wrappedBuffer(plain), target);
        return take(target);
    }

    private static byte[] inflate(Compression codec, byte[] packed) {
        ByteBuf target = Batches.ALLOCATOR.directBuffer(16);
        boolean done = false;
        try {
            RecordCodec.of(codec).inflate(Unpooled.wrappedBuffer(packed), target, MAX_BYTES);
            done = true;
            return take(target);
        } finally {
            if (!done) {
                target.release();
            }
        }
    }

    private static byte[] take(ByteBuf buffer) {
        byte[] bytes = ByteBufUtil.getBytes(buffer);
        buffer.release();
        return bytes;
    }

    private static byte[] join(byte[] bytes, String hex) {
        return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(bytes, ByteBufUtil.decodeHexDump(hex)));
    }

    private static byte[] packWithLibrary(Compression codec, byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = library(codec, bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    private static OutputStream library(Compression codec, OutputStream out) throws IOException {
        return switch (codec) {
            case NONE -> out;
            case GZIP -> new GZIPOutputStream(out);
            case SNAPPY -> new SnappyOutputStream(out);
            case LZ4 -> new LZ4FrameOutputStream(out);
            case ZSTD -> new ZstdOutputStream(out);
        };
    }

    private static InputStream library(Compression codec, InputStream in) throws IOException {
        return switch (codec) {
            case NONE -> in;
            case GZIP -> new GZIPInputStream(in);
            case SNAPPY -> new SnappyInputStream(in);
            case LZ4 -> new LZ4FrameInputStream(in);
            case ZSTD -> new ZstdInputStream(in);
        };
    }
}
