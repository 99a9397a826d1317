package io.levada.sdk;

import java.time.Duration;

/**
 * What bounds a connection. Immutable.
 *
 * @param timeout how long connecting, and each request, may take; {@link io.levada.LevadaOptions#connectTimeout()}
 * @param keepaliveInterval default 2 s; a server asks for at least 100 ms
 * @param keepaliveLimit default 7 s, how long either side may be silent before the other takes the connection for lost: what
 *     a cable that was pulled is noticed by, and longer than a pause of a garbage collector. A member of a group that is
 *     silent has lost its partitions after this, one interval and the grace period
 * @param messagesPerStream default 2^31-1 less a margin, messages down after which a stream ends with a retriable error:
 *     rsocket-java stops asking for more there
 * @param reconnectTimeout how long a stream that lost its connection tries to go on on another; zero for not at all, and
 *     then batches are not numbered either; {@link io.levada.LevadaOptions#reconnectTimeout()}
 */
record LinkLimits(
        Duration timeout,
        Duration keepaliveInterval,
        Duration keepaliveLimit,
        long messagesPerStream,
        Duration reconnectTimeout) {
    /** Largest message taken, fragments put together: what a length of three bytes can say. */
    static final int MAX_MESSAGE_BYTES = (1 << 24) - 1;

    /** How long closing waits for the connection, and again for the event loop. */
    static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    static LinkLimits of(Duration timeout) {
        return new LinkLimits(
                timeout, Duration.ofSeconds(2), Duration.ofSeconds(7), Integer.MAX_VALUE - 1024L, Duration.ZERO);
    }

    LinkLimits withKeepalive(Duration interval, Duration limit) {
        return new LinkLimits(timeout, interval, limit, messagesPerStream, reconnectTimeout);
    }

    LinkLimits withMessagesPerStream(long messages) {
        return new LinkLimits(timeout, keepaliveInterval, keepaliveLimit, messages, reconnectTimeout);
    }

    LinkLimits withReconnectTimeout(Duration value) {
        return new LinkLimits(timeout, keepaliveInterval, keepaliveLimit, messagesPerStream, value);
    }

    /** Whether streams outlive their connection. */
    boolean reconnects() {
        return !reconnectTimeout.isZero();
    }
}
