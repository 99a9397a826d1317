package io.levada.trials;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** A connection on which an abuse says what it likes, byte by byte, and reads only when it is told to. */
final class RawConnection implements AutoCloseable {
    /** Little, so that who does not read is noticed soon. */
    private static final int RECEIVE_BYTES = 16 << 10;

    private static final int CONNECT_MS = 30_000;
    private static final int MOST_READ_BYTES = 4 << 20;

    private final Socket plain = new Socket();
    private final Socket socket;
    private final byte[] room = new byte[16 << 10];

    /**
     * Connects to a port of this machine.
     *
     * @param tls agrees on TLS first; null for plain text
     */
    RawConnection(int port, @Nullable SSLSocketFactory tls) throws IOException {
        try {
            plain.setReceiveBufferSize(RECEIVE_BYTES);
            plain.setTcpNoDelay(true);
            plain.setSoTimeout(CONNECT_MS);
            plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MS);
            socket = tls == null ? plain : tls.createSocket(plain, "127.0.0.1", port, true);
        } catch (IOException e) {
            plain.close();
            throw e;
        }
    }

    RawConnection send(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /** Sends the first so many of some bytes. */
    RawConnection send(byte[] bytes, int count) throws IOException {
        socket.getOutputStream().write(bytes, 0, count);
        return this;
    }

    RawConnection send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Waits so long for something to come, drops it, and tells whether it was the end. */
    boolean hasEnded(int waitMs) {
        return arrived(waitMs) < 0;
    }

    /** Waits so long for something to come, drops it, and tells how much it was; negative at the end. */
    int arrived(int waitMs) {
        try {
            socket.setSoTimeout(waitMs);
            return socket.getInputStream().read(room);
        } catch (SocketTimeoutException e) {
            return 0;
        } catch (IOException e) {
            return -1;
        }
    }

    /** The head of an answer, and what came with it. */
    String head(Duration patience) throws IOException {
        String head = read(patience, "\r\n\r\n");
        if (!head.contains("\r\n\r\n")) {
            throw new AssertionError("no head within " + patience + ": '" + head + "'");
        }
        return head;
    }

    /** All that comes until the server closes, which it has to in time. */
    String rest(Duration patience) throws IOException {
        long begun = System.nanoTime();
        String rest = read(patience, null);
        if (System.nanoTime() - begun >= patience.toNanos()) {
            throw new AssertionError("not closed within " + patience + "; it said '" + rest + "'");
        }
        return rest;
    }

    private String read(Duration patience, @Nullable String until) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (long left = patience.toNanos(); left > 0; left = end - System.nanoTime()) {
            socket.setSoTimeout((int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
            int read;
            try {
                read = socket.getInputStream().read(room);
            } catch (SocketTimeoutException late) {
                break;
            } catch (IOException reset) {
                break; // with what was not read of it left behind, the server's end is a reset
            }
            if (read < 0) {
                break;
            }
            all.write(room, 0, read);
            if (all.size() > MOST_READ_BYTES) {
                throw new IOException("more than " + MOST_READ_BYTES + " bytes came");
            }
            if (until != null && all.toString(StandardCharsets.ISO_8859_1).contains(until)) {
                break;
            }
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    /** Gone at once, with a reset, whatever was under way. */
    void reset() throws IOException {
        plain.setSoLinger(true, 0);
        plain.close();
    }

    /** Gone without a word through TLS, which would wait for the other side. */
    @Override
    public void close() throws IOException {
        plain.close();
    }
}
