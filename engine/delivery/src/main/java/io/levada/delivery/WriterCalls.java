package io.levada.delivery;

import io.levada.LevadaException;
import io.levada.facade.WriterSink;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a writer tells its sink, until it has ended: how it ended last and once, and nothing behind that. A sink that throws
 * ends it. The sink is called by one thread at a time, which the writer sees to; the rest is safe for any.
 */
public final class WriterCalls {
    private static final Logger LOG = LoggerFactory.getLogger(WriterCalls.class);

    private final WriterSink sink;
    private final Runnable onEnd;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private volatile boolean ended;

    /**
     * Nothing has been told yet.
     *
     * @param onEnd called as it ends, maybe more than once
     */
    public WriterCalls(WriterSink sink, Runnable onEnd) {
        this.sink = sink;
        this.onEnd = onEnd;
    }

    /** Whether nothing is told any more. */
    public boolean hasEnded() {
        return ended;
    }

    /** Complete when it has ended. */
    public CompletableFuture<Void> done() {
        return done;
    }

    public void tell(Consumer<WriterSink> what) {
        if (!ended) {
            try {
                what.accept(sink);
            } catch (RuntimeException e) {
                LOG.error("a writer's callback failed; the writer is dropped", e);
                cancel();
            }
        }
    }

    /**
     * Ends, and tells so.
     *
     * @param error null where all was acknowledged
     */
    public void finish(@Nullable LevadaException error) {
        if (!ended) {
            tell(error == null ? WriterSink::onComplete : to -> to.onError(error));
            cancel();
        }
    }

    /** Ends without a word. */
    public void cancel() {
        ended = true;
        onEnd.run();
        done.complete(null);
    }
}
