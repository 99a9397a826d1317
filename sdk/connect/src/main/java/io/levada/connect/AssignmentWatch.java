package io.levada.connect;

import io.levada.Delivery;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** Subscribes to an assignment's deliveries for their end alone: asks for none. */
final class AssignmentWatch extends BaseSubscriber<Delivery> {
    private final Consumer<@Nullable Throwable> ended;

    /** @param ended told once why it was taken away, or null where it was handed over; not after {@link #dispose} */
    AssignmentWatch(Consumer<@Nullable Throwable> ended) {
        this.ended = ended;
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {}

    @Override
    protected void hookOnError(Throwable error) {
        ended.accept(error);
    }

    @Override
    protected void hookOnComplete() {
        ended.accept(null);
    }
}
