package io.levada.connect;

import io.levada.Levada;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** Records of one partition, waiting to be taken; never more than were asked for, and asked for again as they are taken. */
final class PartitionReader extends BaseSubscriber<StoredRecord> {
    private final Queue<StoredRecord> waiting = new ConcurrentLinkedQueue<>();
    private final int most;
    private final Runnable signal;
    private volatile @Nullable LevadaException error;
    private int taken; // by the one that takes

    private PartitionReader(int most, Runnable signal) {
        this.most = most;
        this.signal = signal;
    }

    /**
     * @param most records that wait, 1 or more
     * @param signal called when there may be something to take, or an error; must not block
     */
    static PartitionReader open(Levada levada, String topic, int partition, Position from, int most, Runnable signal) {
        PartitionReader reader = new PartitionReader(most, signal);
        levada.read(ReadSpec.of(topic).partition(partition).from(from))
                .onErrorComplete(reader::fail) // an error that meets a cancellation is nothing to be logged
                .subscribe(reader);
        return reader;
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        request(most);
    }

    @Override
    protected void hookOnNext(StoredRecord record) {
        waiting.add(record);
        signal.run();
    }

    private boolean fail(Throwable why) {
        error = LevadaException.of(why);
        signal.run();
        return true;
    }

    /** What has come by now, at most so many. */
    List<StoredRecord> take(int room) {
        List<StoredRecord> records = new ArrayList<>();
        for (StoredRecord next; records.size() < room && (next = waiting.poll()) != null; ) {
            records.add(next);
        }
        taken += records.size();
        if (taken * 2 >= most) {
            request(taken);
            taken = 0;
        }
        return records;
    }

    /** Why nothing more comes, once all is taken; null while more may come. */
    @Nullable
    LevadaException error() {
        return waiting.isEmpty() ? error : null;
    }
}
