package io.levada.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.TopicPartition;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.wire.Json;
import io.levada.wire.Subscribed;
import io.levada.wire.WireErrors;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * {@code group}: a membership. It leaves when the client says so, completes or cancels; when the connection breaks it
 * vanishes, and keeps its partitions for the grace period. A server that stops asks for the partitions back, so that what
 * the client has acknowledged by then is committed and comes to nobody again.
 */
final class GroupChannel extends ClientChannel implements MemberSink {
    /** How long a client may take to give its partitions back to a server that stops. */
    private static final Duration HAND_BACK = Duration.ofSeconds(2);

    private final Map<Integer, Assigned> assigned = new HashMap<>();
    private @Nullable GroupSession group;
    private String groupName = "";
    private @Nullable String member;
    private String rejoining = "";
    private boolean leaving;
    private boolean aborted;
    /** Runs while the server stops and the client is giving its partitions back: the end of waiting for it. */
    private @Nullable Future<?> draining;

    private int commits;

    /** A partition that this member owns, and where it starts. */
    record Assigned(TopicPartition partition, long start) {}

    GroupChannel(ClientSession session, FluxSink<Payload> sink) {
        super(session, sink);
    }

    /** The membership; to be asked only of a member that has joined. */
    GroupSession membership() {
        GroupSession open = group;
        if (open == null) {
            throw invalid("join first");
        }
        return open;
    }

    /** Whether there is no membership on this connection any more. */
    boolean isOut() {
        return aborted || hasEnded();
    }

    /** What this member reads by a route of its own, as statistics name it. */
    Subscribed.Subject subject(Route route) {
        return new Subscribed.Subject(route.spelled(), null, groupName, member, null);
    }

    /** The partition behind a handle; fails with {@link ErrorCode#STALE_MEMBER_EPOCH} where it is not owned. */
    Assigned assigned(int handle) {
        Assigned owned = assigned.get(handle);
        if (owned == null) {
            throw new LevadaException(
                    ErrorCode.STALE_MEMBER_EPOCH, "handle " + handle + " is not a partition that this member owns");
        }
        return owned;
    }

    @Override
    void open(ByteBuf first) {
        Json join = Json.read("join", first);
        join.only(
                "type",
                "group",
                "topics",
                "memberName",
                "instanceId",
                "from",
                "maxStallMs",
                "filter",
                "member",
                "secret");
        if (!join.text("type").equals("join")) {
            throw invalid("the first message of group is {\"type\":\"join\",...}");
        }
        String from = join.textOrNull("from");
        Long maxStallMs = join.numberOrNull("maxStallMs");
        JoinSpec spec = new JoinSpec(
                join.text("group"),
                join.texts("topics"),
                join.textOrNull("memberName"),
                join.textOrNull("instanceId"),
                from == null ? Position.committed() : Position.parse(from),
                maxStallMs == null ? null : Duration.ofMillis(maxStallMs),
                join.filterOrNull("filter"),
                rejoin(join.textOrNull("member"), join.textOrNull("secret")));
        groupName = spec.group();
        group = session.engine().join(spec, this);
    }

    private JoinSpec.@Nullable Rejoin rejoin(@Nullable String name, @Nullable String secret) {
        if (name == null && secret == null) {
            return null;
        } else if (name == null || secret == null) {
            throw invalid("join takes member and secret together, or neither");
        }
        rejoining = name;
        try {
            return new JoinSpec.Rejoin(name, Long.parseLong(secret));
        } catch (NumberFormatException e) {
            throw invalid("a secret is what joined told");
        }
    }

    @Override
    void onMessage(ByteBuf data) {
        if (aborted || leaving) {
            return;
        }
        Json message = Json.read("group", data);
        String type = message.text("type");
        switch (type) {
            case "commit" -> commit(message.only("type", "id", "offsets"));
            case "revoked" -> revoked(message.only("type", "handle").smallNumber("handle"));
            case "leave" -> leave();
            case "abort" -> abort();
            default -> throw invalid("group takes commit, revoked, leave and abort, not '" + type + "'");
        }
    }

    private void commit(Json message) {
        long id = message.number("id");
        Map<Integer, CommitPoint> points = new HashMap<>();
        for (Json offset : message.objects("offsets")) {
            offset.only("handle", "offset", "metadata");
            points.put(
                    offset.smallNumber("handle"),
                    new CommitPoint(offset.number("offset"), offset.textOrNull("metadata")));
        }
        if (commits >= session.limits().maxCommitsInFlight()) {
            committed(id, new LevadaException(ErrorCode.THROTTLED, commits + " commits are not yet answered"));
            return;
        }
        commits++;
        membership()
                .commit(points)
                .subscribe(
                        done -> {}, error -> later(() -> answered(id, error)), () -> later(() -> answered(id, null)));
    }

    private void answered(long id, @Nullable Throwable error) {
        commits--;
        committed(id, error);
    }

    private void committed(long id, @Nullable Throwable error) {
        ObjectNode answer = message("committed").put("id", id);
        if (error != null) {
            answer.set("error", WireErrors.object(error));
        }
        send(answer);
    }

    private void revoked(int handle) {
        assigned.remove(handle);
        if (draining == null) {
            membership().revoked(handle);
        } else if (assigned.isEmpty()) {
            drained(); // of which the engine, that asked for nothing, hears by the end of the membership
        }
    }

    private void leave() {
        if (!leaving && !aborted && group != null) {
            leaving = true;
            group.leave();
        }
    }

    private void abort() {
        aborted = true;
        forget();
        if (group != null) {
            group.abort();
        }
    }

    private void forget() {
        if (member != null) {
            session.left(member, this);
        }
        assigned.clear();
    }

    @Override
    void onPeerComplete() {
        leave();
    }

    @Override
    void goAway() {
        if (assigned.isEmpty() || leaving || aborted) {
            drained();
            return;
        }
        assigned.keySet().forEach(handle -> revoking(handle, HAND_BACK.toMillis()));
        draining = session.connection().after(HAND_BACK, this::drained);
    }

    private void drained() {
        if (!hasEnded()) {
            abort();
            super.goAway();
        }
    }

    @Override
    void onEnd(Ending ending) {
        if (draining != null) {
            draining.cancel(false);
        }
        forget();
        if (ending == Ending.CANCELLED) {
            leave();
        } else if (!aborted && !leaving && group != null) {
            abort();
        }
    }

    @Override
    public void onJoined(String name, long secret, long generation) {
        later(() -> {
            if (isOpenAs(name)) {
                send(message("joined")
                        .put("member", name)
                        .put("secret", Long.toString(secret))
                        .put("generation", generation));
            }
        });
    }

    @Override
    public void onRejoined(long generation, Set<Integer> handles) {
        later(() -> {
            if (isOpenAs(rejoining)) {
                ObjectNode rejoined = message("rejoined").put("generation", generation);
                handles.forEach(rejoined.putArray("handles")::add);
                send(rejoined);
            }
        });
    }

    /** Whether there still is somebody to be a member, who has its name from now on. */
    private boolean isOpenAs(String name) {
        boolean open = !hasEnded() && !aborted;
        if (open) {
            member = name;
            session.joined(name, this);
        }
        return open;
    }

    @Override
    public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
        later(() -> {
            if (!hasEnded() && !aborted && draining == null) {
                assigned.put(handle, new Assigned(partition, start));
                send(message("assigned")
                        .put("handle", handle)
                        .put("topic", partition.topic())
                        .put("partition", partition.partition())
                        .put("generation", generation)
                        .put("start", start));
            }
        });
    }

    @Override
    public void onRevoking(int handle, long withinMs) {
        later(() -> revoking(handle, withinMs));
    }

    private void revoking(int handle, long withinMs) {
        send(message("revoking").put("handle", handle).put("withinMs", withinMs));
    }

    @Override
    public void onLost(int handle) {
        later(() -> {
            assigned.remove(handle);
            send(message("lost").put("handle", handle));
        });
    }

    @Override
    public void onSeeked(int handle, long offset) {
        later(() -> {
            assigned.remove(handle);
            send(message("seeked").put("handle", handle).put("offset", offset));
        });
    }

    @Override
    public void onIdle(String reason) {
        later(() -> send(message("idle").put("reason", reason)));
    }

    @Override
    public void onLeft() {
        later(this::complete);
    }

    @Override
    public void onError(Throwable error) {
        later(() -> {
            aborted = true; // The session is over; there is nothing to leave.
            fail(error);
        });
    }

    private static ObjectNode message(String type) {
        return Json.object().put("type", type);
    }

    private void send(ObjectNode message) {
        if (!hasEnded() && !aborted) {
            outlet.send(Json.encode(message));
        }
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
