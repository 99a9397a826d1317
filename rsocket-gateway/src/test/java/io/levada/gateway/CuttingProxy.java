package io.levada.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy that cuts connections after a random number of bytes in both directions together, wherever in a frame that
 * is: closed or reset, and held up now and then. After so many cuts it passes everything on.
 */
final class CuttingProxy implements AutoCloseable {
    private final ServerSocket listening;
    private final int target;
    private final int meanBytes;
    private final Random random = new Random(7);
    private final AtomicInteger cutsLeft;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();

    CuttingProxy(int target, int cuts, int meanBytes) {
        this.target = target;
        this.meanBytes = meanBytes;
        this.cutsLeft = new AtomicInteger(cuts);
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::accept);
    }

    String address() {
        return "rsocket://127.0.0.1:" + listening.getLocalPort();
    }

    int cutsLeft() {
        return cutsLeft.get();
    }

    int connections() {
        return connections.get();
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "cutting-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                connections.incrementAndGet();
                sockets.add(client);
                sockets.add(server);
                Pair pair = new Pair(client, server, random.nextInt(2 * meanBytes), random.nextBoolean());
                start(() -> pair.pass(client, server));
                start(() -> pair.pass(server, client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    /** One connection, both ways. */
    private final class Pair {
        private final Socket client;
        private final Socket server;
        private final AtomicLong left;
        private final boolean reset;

        Pair(Socket client, Socket server, int bytes, boolean reset) {
            this.client = client;
            this.server = server;
            this.left = new AtomicLong(bytes);
            this.reset = reset;
        }

        void pass(Socket from, Socket to) {
            byte[] buffer = new byte[8 << 10];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    long before = left.getAndAdd(-read);
                    boolean cut =
                            before - read < 0 && before >= 0 && cutsLeft.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
                    out.write(buffer, 0, cut ? (int) before : read);
                    if (cut) {
                        break;
                    } else if (read % 64 == 1) {
                        LockSupport.parkNanos(1_000_000);
                    }
                }
            } catch (IOException e) {
                // cut, from one side or the other
            }
            end(client);
            end(server);
        }

        private void end(Socket socket) {
            try {
                if (reset && !socket.isClosed()) {
                    socket.setSoLinger(true, 0);
                }
            } catch (IOException e) {
                // closed by the other direction
            }
            close(socket);
        }
    }

    private void close(@Nullable Socket socket) {
        if (socket != null) {
            sockets.remove(socket);
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(this::close);
    }
}
