package io.levada.delivery;

import io.levada.LevadaException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A partition as one delivery loop sees it: who on this loop reads it, who waits for records, and who waits for which
 * block. All but {@link #advanced} and {@link #close} is for tasks of the loop.
 */
final class FeedView {
    private final Feed feed;
    private final DeliveryLoop loop;
    private final Set<Cursor> cursors = new LinkedHashSet<>();
    private final Set<Cursor> atTail = new LinkedHashSet<>();
    private final Map<Long, List<Cursor>> loads = new HashMap<>();

    /** Whether to wake; written before the durable end is looked at, and read after it moved. */
    private volatile boolean waiting;

    /** What the source was told last of that. */
    private boolean told;

    private final AtomicBoolean wakeQueued = new AtomicBoolean();

    FeedView(Feed feed, DeliveryLoop loop) {
        this.feed = feed;
        this.loop = loop;
    }

    void attach(Cursor cursor) {
        cursors.add(cursor);
        feed.readerAdded();
    }

    void detach(Cursor cursor) {
        if (cursors.remove(cursor)) {
            atTail.remove(cursor);
            noteWaiting();
            feed.readerRemoved();
        }
    }

    /** Puts a cursor to wait for records; false when there are some already. */
    boolean awaitRecords(Cursor cursor) {
        atTail.add(cursor);
        waiting = true;
        if (cursor.position() < feed.durable()) {
            atTail.remove(cursor);
            noteWaiting();
            return false;
        }
        noteWaiting();
        return true;
    }

    /** The durable end has moved; wakes the loop once, however many wait on it and however often this is called. */
    void advanced() {
        if (waiting && wakeQueued.compareAndSet(false, true)) {
            loop.execute(this::wake);
        }
    }

    private void wake() {
        wakeQueued.set(false);
        long durable = feed.durable();
        List<Cursor> woken = new ArrayList<>(atTail.size());
        atTail.removeIf(cursor -> cursor.position() < durable && woken.add(cursor));
        noteWaiting();
        woken.forEach(Cursor::wake);
    }

    private void noteWaiting() {
        waiting = !atTail.isEmpty();
        if (told != waiting) {
            told = waiting;
            feed.awaited(waiting);
        }
    }

    /** Has the block that holds a cursor's position read, once for all on this loop who want it. */
    void awaitBlock(Cursor cursor) {
        long offset = cursor.position();
        List<Cursor> others = loads.get(offset);
        if (others != null) {
            others.add(cursor);
            return;
        }
        List<Cursor> wanting = new ArrayList<>();
        wanting.add(cursor);
        loads.put(offset, wanting);
        feed.load(offset, (block, error) -> loop.execute(() -> loaded(offset, block, error)));
    }

    private void loaded(long offset, @Nullable Block block, @Nullable LevadaException error) {
        List<Cursor> wanting = loads.remove(offset);
        if (wanting != null) {
            wanting.forEach(cursor -> cursor.loaded(block, error));
        }
        if (block != null) {
            block.release();
        }
    }

    /** Ends all who read here. */
    void close(LevadaException error) {
        loop.execute(() -> List.copyOf(cursors).forEach(cursor -> cursor.end(error)));
    }
}
