package io.levada.facade;

import io.levada.Delivery;
import io.levada.MemberOptions;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;

/** A member whose partitions all come through one reader, and so share one demand. */
final class ReceiveStream extends DeliveryStream implements MemberView {
    private final EngineGroup group;
    private final Membership membership;

    ReceiveStream(
            CoreSubscriber<? super Delivery> actual, EngineGroup group, List<String> topics, MemberOptions member) {
        super(actual, group.options());
        this.group = group;
        this.membership = group.membership(topics, member, this);
    }

    @Override
    BatchReader openReader() {
        try {
            group.join(membership);
            GroupSession.AssignedReader reader = membership.read(this);
            readFrom(membership, reader);
            return reader;
        } finally {
            membership.begin();
        }
    }

    @Override
    void finished(boolean cancelled) {
        membership.leave(Duration.ZERO);
    }

    @Override
    public void assigned(Ownership owned) {
        add(owned);
    }

    @Override
    public void stopped(Ownership owned) {
        remove(owned);
    }

    @Override
    public void released(Ownership owned, @Nullable Throwable error) {
        // The others go on; the member's events tell.
    }

    @Override
    public void ended(@Nullable Throwable error) {
        end(error);
    }
}
