package io.levada.sdk;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/**
 * One of the event loops that the clients of this process share, for one client to live on. There are as many as processors,
 * and they are there as long as any client is: a thread for each of a thousand clients would do nothing but take turns.
 *
 * <p>Safe for any thread.
 */
final class ClientLoop implements LoopResources {
    private static final Object LOCK = new Object();
    private static @Nullable LoopResources shared; // guarded by LOCK
    private static int clients; // guarded by LOCK

    private final LoopResources loops;
    private final EventLoop loop;
    private final AtomicBoolean released = new AtomicBoolean();

    private ClientLoop(LoopResources loops) {
        this.loops = loops;
        loop = loops.onClient(DEFAULT_NATIVE).next();
    }

    /** The next in turn; to be released. */
    static ClientLoop acquire() {
        synchronized (LOCK) {
            LoopResources loops = shared;
            if (loops == null) {
                loops = LoopResources.create("levada-sdk", Runtime.getRuntime().availableProcessors(), true);
                shared = loops;
            }
            clients++;
            return new ClientLoop(loops);
        }
    }

    EventLoop loop() {
        return loop;
    }

    /** Once the client is closed; completes when its loop has ended, or at once if others live on. */
    Mono<Void> release() {
        return Mono.defer(() -> released.compareAndSet(false, true) && isLast()
                ? loops.disposeLater(Duration.ZERO, LinkLimits.CLOSE_LIMIT)
                : Mono.empty());
    }

    private static boolean isLast() {
        synchronized (LOCK) {
            if (--clients > 0) {
                return false;
            }
            shared = null;
            return true;
        }
    }

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return loop;
    }

    @Override
    public EventLoopGroup onClient(boolean useNative) {
        return loop;
    }

    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
        return loops.onChannel(type, group);
    }

    @Override
    public <C extends Channel> Class<? extends C> onChannelClass(Class<C> type, EventLoopGroup group) {
        return loops.onChannelClass(type, group);
    }
}
