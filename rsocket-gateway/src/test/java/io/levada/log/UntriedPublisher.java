package io.levada.log;

import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;

/** A publisher that nobody holds against the Reactive Streams TCK. */
final class UntriedPublisher implements Publisher<String> {
    @Override
    public void subscribe(Subscriber<? super String> subscriber) {
        throw new UnsupportedOperationException("only its being here counts");
    }
}
