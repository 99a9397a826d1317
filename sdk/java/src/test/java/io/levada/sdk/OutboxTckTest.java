package io.levada.sdk;

import io.levada.testgate.Tck;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;

/** What a channel sends, held against the Reactive Streams TCK. */
class OutboxTckTest {
    private static final int MOST_MESSAGES = 10_000;

    @Test
    void sending() {
        Link link = new Link(Address.parse("rsocket://127.0.0.1:1"), LinkLimits.of(Duration.ofSeconds(1)));
        try {
            Tck.verify(new Sending(link), 20);
        } finally {
            link.shutdown().block(Await.LIMIT);
        }
    }

    /** The opening and what follows it. */
    public static final class Sending extends PublisherVerification<Payload> {
        private final Link link;

        Sending(Link link) {
            super(new TestEnvironment(800, 30));
            this.link = link;
        }

        @Override
        public Publisher<Payload> createPublisher(long elements) {
            Outbox outbox = new Outbox(link);
            if (elements > 0) {
                outbox.open(DefaultPayload.create("opening"));
            }
            for (long i = 1; i < Math.min(elements, MOST_MESSAGES); i++) {
                outbox.send(message());
            }
            if (elements <= MOST_MESSAGES) {
                outbox.complete();
            }
            return outbox;
        }

        /** Of a kind that nobody needs to release. */
        private static ByteBuf message() {
            return Unpooled.wrappedBuffer(new byte[] {1});
        }

        /** What has failed before it is sent has no channel. */
        @Override
        public @Nullable Publisher<Payload> createFailedPublisher() {
            return null;
        }
    }
}
