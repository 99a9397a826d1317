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
 * @param tokenInterval default 5 s, how often the file of the token is looked at; sooner where the token ends soon
 */
record LinkLimits(
        Duration timeout,
        Duration keepaliveInterval,
        Duration keepaliveLimit,
        long messagesPerStream,
        Duration reconnectTimeout,
        Duration tokenInterval) {
    /** Largest message taken, fragments put together: what a length of three bytes can say. */
    static final int MAX_MESSAGE_BYTES = (1 << 24) - 1;

    /** How long closing waits for the connection, and again for the event loop. */
    static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    static LinkLimits of(Duration timeout) {
        return new LinkLimits(
                timeout,
                Duration.ofSeconds(2),
                Duration.ofSeconds(7),
                Integer.MAX_VALUE - 1024L,
                Duration.ZERO,
                Duration.ofSeconds(5));
    }

    LinkLimits withKeepalive(Duration interval, Duration limit) {
        return new LinkLimits(timeout, interval, limit, messagesPerStream, reconnectTimeout, tokenInterval);
    }

    LinkLimits withMessagesPerStream(long messages) {
        return new LinkLimits(timeout, keepaliveInterval, keepaliveLimit, messages, reconnectTimeout, tokenInterval);
    }

    LinkLimits withReconnectTimeout(Duration value) {
        return new LinkLimits(timeout, keepaliveInterval, keepaliveLimit, messagesPerStream, value, tokenInterval);
    }

    LinkLimits withTokenInterval(Duration value) {
        return new LinkLimits(timeout, keepaliveInterval, keepaliveLimit, messagesPerStream, reconnectTimeout, value);
    }

    /** Whether streams outlive their connection. */
    boolean reconnects() {
        return !reconnectTimeout.isZero();
    }
}
