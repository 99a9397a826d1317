package io.levada.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A TCP proxy that is shut and opened again, as a network that is gone for a while. Safe for any thread. */
final class GatedProxy implements AutoCloseable {
    /** How a network can be gone. */
    enum Outage {
        /** What is sent arrives when the network is back: packets were lost, and are sent again. */
        SILENT,
        /** Connections break, and none can be made. */
        CUT
    }

    private final ServerSocket listening;
    private final int target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private boolean open = true;
    private boolean refusing;

    GatedProxy(int target) {
        this.target = target;
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

    synchronized void shut(Outage outage) {
        open = false;
        refusing = outage == Outage.CUT;
        if (refusing) {
            Set.copyOf(sockets).forEach(this::close);
        }
    }

    synchronized void open() {
        open = true;
        refusing = false;
        notifyAll();
    }

    private synchronized boolean isRefusing() {
        return refusing;
    }

    private synchronized void awaitOpen() throws InterruptedException {
        while (!open) {
            wait();
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "gated-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                if (isRefusing()) {
                    client.close();
                } else {
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                    sockets.add(client);
                    sockets.add(server);
                    start(() -> pass(client, server));
                    start(() -> pass(server, client));
                }
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void pass(Socket from, Socket to) {
        byte[] buffer = new byte[8 << 10];
        try {
            for (int read = from.getInputStream().read(buffer);
                    read >= 0;
                    read = from.getInputStream().read(buffer)) {
                awaitOpen();
                to.getOutputStream().write(buffer, 0, read);
            }
        } catch (IOException e) {
            // one of the two ends is gone
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close(from);
        close(to);
    }

    private void close(Socket socket) {
        sockets.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        open();
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Set.copyOf(sockets).forEach(this::close);
    }
}
