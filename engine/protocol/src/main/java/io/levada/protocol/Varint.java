package io.levada.protocol;

import io.netty.buffer.ByteBuf;

/** Zigzag integers of seven bits to a byte, as in Protocol Buffers; written here, read by {@link RecordCursor}. */
final class Varint {
    private Varint() {}

    static int sizeOf(int value) {
        int zigzag = (value << 1) ^ (value >> 31);
        return (38 - Integer.numberOfLeadingZeros(zigzag | 1)) / 7;
    }

    static int sizeOf(long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        return (70 - Long.numberOfLeadingZeros(zigzag | 1)) / 7;
    }

    static void write(ByteBuf target, int value) {
        int rest = (value << 1) ^ (value >> 31);
        while ((rest & ~0x7f) != 0) {
            target.writeByte(rest | 0x80);
            rest >>>= 7;
        }
        target.writeByte(rest);
    }

    static void write(ByteBuf target, long value) {
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7fL) != 0) {
            target.writeByte((int) rest | 0x80);
            rest >>>= 7;
        }
        target.writeByte((int) rest);
    }
}
