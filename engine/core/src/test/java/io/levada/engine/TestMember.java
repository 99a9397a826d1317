package io.levada.engine;

import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.protocol.Limits;
import io.levada.protocol.RecordCursor;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A member of a group that reads what it owns with ample credit, notes what it hears and reads, and hands over as it should:
 * it stops reading, commits all it read, and answers.
 */
final class TestMember implements MemberSink, BatchSink {
    /** How to become a member: an engine's or a runtime's {@code join}. */
    interface Joining {
        GroupSession join(JoinSpec spec, MemberSink sink);
    }

    /** A record as it was read. */
    record Read(TopicPartition partition, long offset) {}

    final List<String> heard = new ArrayList<>();
    final List<Read> reads = new ArrayList<>();

    /** By handle, while owned: where reading goes on. */
    final Map<Integer, Long> next = new TreeMap<>();

    final Map<Integer, TopicPartition> partitions = new TreeMap<>();
    final Map<Integer, Long> starts = new TreeMap<>();

    /** By handle: the last commit that was answered. */
    final Map<Integer, Long> committed = new TreeMap<>();

    final GroupSession session;
    private final GroupSession.AssignedReader reader;
    private final List<Integer> revoking = new ArrayList<>();

    /** Whether it answers when a partition is asked back. */
    boolean obedient = true;

    /** Whether it commits before it answers. */
    boolean careful = true;

    private final JoinSpec spec;
    private final Map<Integer, Long> places;
    private JoinSpec.@Nullable Rejoin identity;

    TestMember(Joining joining, String group, String name, Position from, String... topics) {
        this(joining, new JoinSpec(group, List.of(topics), name, from), Long.MAX_VALUE);
    }

    JoinSpec specToComeBack() {
        return spec.rejoining(Objects.requireNonNull(identity));
    }

    /** The same member on another connection, which knows nothing of this one. */
    TestMember back(Joining joining) {
        return new TestMember(joining, specToComeBack(), Map.of(), Long.MAX_VALUE);
    }

    /** The same member on another connection, which goes on reading where this one was. */
    TestMember resumed(Joining joining) {
        return new TestMember(joining, specToComeBack(), next, Long.MAX_VALUE);
    }

    /** One that takes so many records, and more only when asked to. */
    TestMember(Joining joining, JoinSpec spec, long records) {
        this(joining, spec, Map.of(), records);
    }

    private TestMember(Joining joining, JoinSpec spec, Map<Integer, Long> places, long records) {
        this.spec = spec;
        this.places = Map.copyOf(places);
        session = joining.join(spec, this);
        reader = session.read(this);
        take(records);
    }

    void take(long records) {
        reader.credit(records, Long.MAX_VALUE);
    }

    /** Commits all it has read of what it owns; what came of it is noted. */
    void commit() {
        commit(new TreeMap<>(next), () -> {});
    }

    void commit(Map<Integer, Long> offsets, Runnable then) {
        Map<Integer, CommitPoint> points = new TreeMap<>();
        offsets.forEach((handle, offset) -> points.put(handle, CommitPoint.at(offset)));
        session.commit(points).subscribe(done -> {}, error -> heard.add(line("commit", error)), () -> {
            heard.add("committed");
            committed.putAll(offsets);
            then.run();
        });
    }

    /** Commits, and leaves. */
    void leave() {
        next.keySet().forEach(reader::remove);
        commit(new TreeMap<>(next), session::leave);
    }

    /** What it heard that begins so. */
    List<String> heard(String prefix) {
        return heard.stream().filter(line -> line.startsWith(prefix)).toList();
    }

    private static String line(String what, Throwable error) {
        return what + " " + LevadaException.of(error).code();
    }

    @Override
    public void onJoined(String member, long secret, long generation) {
        heard.add("joined " + generation);
        identity = new JoinSpec.Rejoin(member, secret);
    }

    @Override
    public void onRejoined(long generation, Set<Integer> handles) {
        heard.add("rejoined " + generation + " with " + handles);
    }

    @Override
    public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        heard.add("assigned " + partition + " from " + start);
        partitions.put(handle, partition);
        starts.put(handle, start);
        long place = places.getOrDefault(handle, start);
        next.put(handle, place);
        reader.add(handle, place);
    }

    @Override
    public void onRevoking(int handle, long withinMs) {
        heard.add("revoking " + partitions.get(handle) + " within " + withinMs);
        if (obedient) {
            revoking.add(handle);
            reader.remove(handle);
        }
    }

    @Override
    public void onLost(int handle) {
        heard.add("lost " + partitions.get(handle));
        next.remove(handle);
    }

    @Override
    public void onSeeked(int handle, long offset) {
        heard.add("seeked " + partitions.get(handle) + " to " + offset);
    }

    @Override
    public void onIdle(String reason) {
        heard.add("idle: " + reason);
    }

    @Override
    public void onLeft() {
        heard.add("left");
    }

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        try (RecordCursor cursor = RecordCursor.open(batch, Limits.DEFAULT)) {
            while (cursor.next()) {
                TopicPartition partition = partitions.get(handle);
                if (partition == null || next.getOrDefault(handle, -1L) != cursor.offset()) {
                    heard.add("OUT OF ORDER " + partition + " " + cursor.offset() + " at " + next);
                } else {
                    reads.add(new Read(partition, cursor.offset()));
                    next.put(handle, cursor.offset() + 1);
                }
            }
        } finally {
            batch.release();
        }
    }

    @Override
    public void onGap(int handle, long from, long to) {
        heard.add("gap " + from + " " + to);
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        heard.add("end " + partitions.get(handle) + (error == null ? "" : " " + error.code()));
        Long place = next.get(handle);
        if (revoking.remove((Integer) handle) && place != null) {
            commit(careful ? Map.of(handle, place) : Map.of(), () -> {
                next.remove(handle);
                session.revoked(handle);
            });
        }
    }

    @Override
    public void onComplete() {
        heard.add("complete");
    }

    @Override
    public void onError(Throwable error) {
        heard.add(line("error", error));
    }
}
