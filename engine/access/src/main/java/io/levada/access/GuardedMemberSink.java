package io.levada.access;

import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.facade.MemberSink;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What a member hears until its rights are gone, and then that alone. */
final class GuardedMemberSink implements MemberSink {
    private final MemberSink sink;
    private final AtomicReference<@Nullable LevadaException> lost = new AtomicReference<>();

    GuardedMemberSink(MemberSink sink) {
        this.sink = sink;
    }

    /** Nothing but this is to be heard from now on, once the member has left; false where that was said before. */
    boolean lose(LevadaException why) {
        return lost.compareAndSet(null, why);
    }

    private void unlessLost(Runnable tell) {
        if (lost.get() == null) {
            tell.run();
        }
    }

    /** The last call: why the rights are gone, if they are. */
    private void last(Runnable tell) {
        LevadaException why = lost.get();
        if (why == null) {
            tell.run();
        } else {
            sink.onError(why);
        }
    }

    @Override
    public void onJoined(String member, long secret, long generation) {
        unlessLost(() -> sink.onJoined(member, secret, generation));
    }

    @Override
    public void onRejoined(long generation, Set<Integer> handles) {
        unlessLost(() -> sink.onRejoined(generation, handles));
    }

    @Override
    public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        unlessLost(() -> sink.onAssigned(handle, partition, generation, start));
    }

    @Override
    public void onRevoking(int handle, long withinMs) {
        unlessLost(() -> sink.onRevoking(handle, withinMs));
    }

    @Override
    public void onLost(int handle) {
        unlessLost(() -> sink.onLost(handle));
    }

    @Override
    public void onSeeked(int handle, long offset) {
        unlessLost(() -> sink.onSeeked(handle, offset));
    }

    @Override
    public void onIdle(String reason) {
        unlessLost(() -> sink.onIdle(reason));
    }

    @Override
    public void onLeft() {
        last(sink::onLeft);
    }

    @Override
    public void onError(Throwable error) {
        last(() -> sink.onError(error));
    }
}
