package io.levada.gateway;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks at each inbound RSocket frame of one connection before rsocket-java does, which trusts its peer: it fails with
 * logged errors on frames that do not parse, and echoes keepalives of any size. The frame format is that of the <a href="https://rsocket.io/about/protocol">RSocket protocol, version
 * 1.0</a>.
 *
 * <pre>
 *   0                   4           6 (requests with n, REQUEST_N)
 *   +-------------------+-----------+---------------+----------------------------+----------+------
 *   | i32 stream id     | type 6 b, | i32 n         | u24 metadata length, if M  | metadata | data
 *   |                   | flags 10 b|               |                            |          |
 *   +-------------------+-----------+---------------+----------------------------+----------+------
 * </pre>
 *
 * <p>Not for use by two threads at a time.
 */
final class FrameCheck {
    static final int HEADER_BYTES = 6;

    private static final int SETUP = 0x01;
    private static final int KEEPALIVE = 0x03;
    private static final int REQUEST_RESPONSE = 0x04;
    private static final int REQUEST_FNF = 0x05;
    private static final int REQUEST_STREAM = 0x06;
    static final int REQUEST_CHANNEL = 0x07;
    private static final int REQUEST_N = 0x08;
    static final int CANCEL = 0x09;
    static final int PAYLOAD = 0x0A;
    static final int ERROR = 0x0B;
    private static final int METADATA_PUSH = 0x0C;

    static final int METADATA = 0x100;
    static final int FOLLOWS = 0x80;
    /** Of a SETUP. */
    private static final int RESUME = 0x80;

    static final int COMPLETE = 0x40;
    private static final int NEXT = 0x20;

    /** Version, keepalive interval, lifetime, and two empty MIME types. */
    private static final int MIN_SETUP_BYTES = HEADER_BYTES + 4 + 4 + 4 + 2;
    /** The echo of a keepalive comes from the server's memory. */
    private static final int MAX_KEEPALIVE_BYTES = 1 << 10;
    /** A shorter interval would have the server send keepalives without end. */
    private static final int MIN_KEEPALIVE_INTERVAL_MS = 100;

    /** Stream ids passed over that may still come: as many as there are requests open at a time, by default. */
    private static final int MAX_PASSED_OVER = 128;

    private final Fragments fragments;
    private int lastStreamId;
    private final Set<Integer> passedOver = new LinkedHashSet<>();
    private boolean setUp;

    /** @param fragments what of unfinished messages has passed */
    FrameCheck(Fragments fragments) {
        this.fragments = fragments;
    }

    static int streamId(ByteBuf frame) {
        return frame.getInt(frame.readerIndex());
    }

    static int type(ByteBuf frame) {
        return frame.getUnsignedByte(frame.readerIndex() + 4) >>> 2;
    }

    static int flags(ByteBuf frame) {
        return frame.getUnsignedShort(frame.readerIndex() + 4) & 0x3FF;
    }

    static boolean isRequest(int type) {
        return type >= REQUEST_RESPONSE && type <= REQUEST_CHANNEL;
    }

    /** Whether it may be in fragments. */
    static boolean isOfMessage(int type) {
        return isRequest(type) || type == PAYLOAD;
    }

    /** Where the metadata of a request or a PAYLOAD begins, or its length. */
    static int headerBytes(int type) {
        return type == REQUEST_STREAM || type == REQUEST_CHANNEL ? HEADER_BYTES + 4 : HEADER_BYTES;
    }

    /** Whether a SETUP frame has passed. */
    boolean isSetUp() {
        return setUp;
    }

    /** Null for a frame that may go on, else what is wrong with it; the connection is to be closed then. */
    @Nullable
    String check(ByteBuf frame) {
        int bytes = frame.readableBytes();
        if (bytes < HEADER_BYTES) {
            return "a frame of " + bytes + " bytes";
        }
        int streamId = streamId(frame);
        int type = type(frame);
        int flags = flags(frame);
        if (!setUp) {
            return checkSetup(frame, streamId, type, flags);
        }
        return switch (type) {
            case KEEPALIVE -> checkKeepalive(streamId, bytes);
            case METADATA_PUSH -> streamId == 0 ? null : "METADATA_PUSH on stream " + streamId;
            case REQUEST_RESPONSE, REQUEST_FNF, REQUEST_STREAM, REQUEST_CHANNEL ->
                checkRequest(frame, streamId, flags, headerBytes(type));
            case REQUEST_N -> checkRequestN(frame, streamId);
            case PAYLOAD -> checkPayload(frame, streamId, flags);
            case CANCEL -> checkClientStream(streamId);
            case ERROR -> checkError(streamId, bytes);
            default -> "a frame of type 0x%02x, which a client does not send here".formatted(type);
        };
    }

    private @Nullable String checkSetup(ByteBuf frame, int streamId, int type, int flags) {
        int at = frame.readerIndex();
        if (type != SETUP || streamId != 0) {
            return "a frame of type 0x%02x before SETUP".formatted(type);
        } else if (frame.readableBytes() < MIN_SETUP_BYTES) {
            return "a SETUP of " + frame.readableBytes() + " bytes";
        } else if (frame.getInt(at + 10) < MIN_KEEPALIVE_INTERVAL_MS || frame.getInt(at + 14) <= 0) {
            return "a SETUP with keepalive every " + frame.getInt(at + 10) + " ms and lifetime " + frame.getInt(at + 14)
                    + " ms; the interval is at least " + MIN_KEEPALIVE_INTERVAL_MS;
        } else if (!isWholeSetup(frame, flags)) {
            return "a SETUP whose parts are longer than it is";
        }
        setUp = true;
        return null;
    }

    /** rsocket-java, which does not ask, loses a frame whose MIME types lead beyond its end. */
    private static boolean isWholeSetup(ByteBuf frame, int flags) {
        int from = frame.readerIndex();
        int at = from + MIN_SETUP_BYTES - 2;
        if ((flags & RESUME) != 0) {
            at += 2 + frame.getUnsignedShort(at); // its own two bytes are where those of the MIME types would be
        }
        for (int type = 0; type < 2; type++) {
            if (at >= frame.writerIndex()) {
                return false;
            }
            at += 1 + frame.getUnsignedByte(at);
        }
        return at <= frame.writerIndex() && checkMetadata(frame, flags, at - from) == null;
    }

    private static @Nullable String checkKeepalive(int streamId, int bytes) {
        if (streamId != 0) {
            return "KEEPALIVE on stream " + streamId;
        } else if (bytes < HEADER_BYTES + 8 || bytes > HEADER_BYTES + 8 + MAX_KEEPALIVE_BYTES) {
            return "a KEEPALIVE of " + bytes + " bytes; its data may have " + MAX_KEEPALIVE_BYTES;
        }
        return null;
    }

    private @Nullable String checkRequest(ByteBuf frame, int streamId, int flags, int headerBytes) {
        if (streamId <= 0 || (streamId & 1) == 0 || !isNew(streamId)) {
            return "a request on stream " + streamId + " behind " + lastStreamId
                    + "; a client's are odd, and used once";
        }
        if (headerBytes > HEADER_BYTES
                && (frame.readableBytes() < headerBytes || frame.getInt(frame.readerIndex() + HEADER_BYTES) <= 0)) {
            return "a request on stream " + streamId + " with an initial request(n) that is not above 0";
        }
        String wrong = checkMetadata(frame, flags, headerBytes);
        return wrong == null ? fragments.check(frame) : wrong;
    }

    /**
     * Whether a stream id was not used before. A client that asks from several threads may send its ids a little out of
     * order, so those that were passed over last are still good.
     */
    private boolean isNew(int streamId) {
        if (streamId < lastStreamId) {
            return passedOver.remove(streamId);
        } else if (streamId == lastStreamId) {
            return false;
        }
        int first = Math.max(lastStreamId == 0 ? 1 : lastStreamId + 2, streamId - 2 * MAX_PASSED_OVER);
        for (int passed = first; passed < streamId; passed += 2) {
            passedOver.add(passed);
        }
        Iterator<Integer> oldest = passedOver.iterator();
        while (passedOver.size() > MAX_PASSED_OVER) {
            oldest.next();
            oldest.remove();
        }
        lastStreamId = streamId;
        return true;
    }

    private @Nullable String checkPayload(ByteBuf frame, int streamId, int flags) {
        String wrong = checkClientStream(streamId);
        if (wrong == null && (flags & (NEXT | COMPLETE)) == 0) {
            wrong = "a PAYLOAD that is neither NEXT nor COMPLETE";
        }
        if (wrong == null && (flags & (NEXT | FOLLOWS)) == FOLLOWS) {
            wrong = "a fragment that is not NEXT";
        }
        if (wrong == null && (flags & NEXT) == 0 && fragments.isWithin(streamId)) {
            wrong = "a COMPLETE within the fragments of a message";
        }
        if (wrong == null && (flags & NEXT) != 0) {
            wrong = checkMetadata(frame, flags, HEADER_BYTES);
        }
        return wrong == null ? fragments.check(frame) : wrong;
    }

    private @Nullable String checkRequestN(ByteBuf frame, int streamId) {
        if (frame.readableBytes() < HEADER_BYTES + 4 || frame.getInt(frame.readerIndex() + HEADER_BYTES) <= 0) {
            return "a REQUEST_N that is not above 0";
        }
        return fragments.isWithinRequest(streamId)
                ? "a REQUEST_N within the fragments of its request"
                : checkClientStream(streamId);
    }

    private @Nullable String checkError(int streamId, int bytes) {
        if (bytes < HEADER_BYTES + 4) {
            return "an ERROR without a code";
        } else if (fragments.isWithinRequest(streamId)) {
            return "an ERROR within the fragments of its request; CANCEL gives one up";
        }
        return streamId == 0 ? null : checkClientStream(streamId);
    }

    /** This server asks nothing of its clients, so the streams of a connection are the client's: odd ones. */
    private static @Nullable String checkClientStream(int streamId) {
        return streamId > 0 && (streamId & 1) == 1
                ? null
                : "a frame on stream " + streamId + ", which no client opened";
    }

    private static @Nullable String checkMetadata(ByteBuf frame, int flags, int headerBytes) {
        if ((flags & METADATA) == 0) {
            return null;
        }
        int left = frame.readableBytes() - headerBytes - 3;
        return left >= 0 && frame.getUnsignedMedium(frame.readerIndex() + headerBytes) <= left
                ? null
                : "metadata longer than its frame";
    }

    /** The first bytes of what is no RSocket, as hex, and as text where they are printable. */
    static String excerpt(ByteBuf bytes) {
        int length = Math.min(bytes.readableBytes(), 12);
        StringBuilder hex = new StringBuilder();
        boolean printable = length > 0;
        for (int i = 0; i < length; i++) {
            byte next = bytes.getByte(bytes.readerIndex() + i);
            hex.append(i == 0 ? "" : " ").append("%02x".formatted(next));
            printable &= next >= 0x20 && next < 0x7F;
        }
        return printable
                ? hex + " ('" + bytes.toString(bytes.readerIndex(), length, StandardCharsets.US_ASCII) + "')"
                : hex.toString();
    }
}
