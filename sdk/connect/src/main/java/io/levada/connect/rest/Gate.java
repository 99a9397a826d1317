package io.levada.connect.rest;

import com.sun.net.httpserver.Headers;
import java.net.InetSocketAddress;

/** Who is let in: asked about every request before its body is read and it goes anywhere. To be safe for any thread. */
@FunctionalInterface
public interface Gate {
    /**
     * Returns for a request that may be served.
     *
     * @param method as it was sent
     * @param path as it was sent, percent-encoded and without the query
     * @param headers by names in any case
     * @throws org.apache.kafka.connect.runtime.rest.errors.ConnectRestException to refuse it, with the status and the
     *     message to answer
     */
    void admit(String method, String path, Headers headers, InetSocketAddress remote);

    /**
     * Refuses, with 403, what does not call this server localhost, 127.0.0.1 or [::1], whatever the port, and pages of
     * other origins: through DNS rebinding, or a form, a page of anybody's could else drive it from a browser beside it.
     */
    static Gate loopbackNames() {
        return new LoopbackNames();
    }
}
