package io.levada.sdk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import io.levada.protocol.ErrorJson;
import io.levada.protocol.FilterJson;
import io.netty.buffer.ByteBuf;
import io.rsocket.RSocket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** The {@code group} channel: one membership. Its readers are channels of their own on the same connection. */
final class RemoteSession extends RemoteStream implements GroupSession {
    private final MemberSink sink;
    private final JoinSpec.@Nullable Rejoin rejoin;
    private final Mono<RSocket> connection;

    // All on the loop.
    private final Map<Long, MonoSink<Void>> commits = new HashMap<>();
    private final List<RemoteAssignedReader> readers = new ArrayList<>();
    private @Nullable String member;
    private long nextCommit;
    private boolean leaving;

    private RemoteSession(Link link, JoinSpec.@Nullable Rejoin rejoin, MemberSink sink) {
        super(link, "group");
        this.sink = sink;
        this.rejoin = rejoin;
        this.connection = link.connection();
    }

    static RemoteSession open(Link link, JoinSpec spec, MemberSink sink) {
        JoinSpec.Rejoin rejoin = spec.rejoin();
        RemoteSession session = new RemoteSession(link, rejoin, sink);
        ObjectNode join = Wire.object().put("type", "join").put("group", spec.group());
        spec.topics().forEach(join.putArray("topics")::add);
        if (spec.memberName() != null) {
            join.put("memberName", spec.memberName());
        }
        if (spec.instanceId() != null) {
            join.put("instanceId", spec.instanceId());
        }
        if (spec.maxStall() != null) {
            join.put("maxStallMs", spec.maxStall().toMillis());
        }
        if (spec.filter() != null) {
            join.set("filter", FilterJson.toJson(spec.filter()));
        }
        join.put("from", spec.from().spelled());
        if (rejoin != null) {
            join.put("member", rejoin.member()).put("secret", Long.toString(rejoin.secret()));
        }
        session.open(session.connection, Wire.json(join));
        return session;
    }

    @Override
    public AssignedReader read(BatchSink batches) {
        RemoteAssignedReader reader = new RemoteAssignedReader(link, batches);
        link.onLoop(() -> {
            if (hasEnded()) {
                reader.fail(gone());
                return;
            }
            readers.removeIf(RemoteStream::hasEnded);
            readers.add(reader);
            if (member != null) {
                open(reader, member);
            }
        });
        return reader;
    }

    @Override
    public Mono<Void> commit(Map<Integer, CommitPoint> points) {
        Map<Integer, CommitPoint> copy = Map.copyOf(points);
        return Mono.create(done -> link.onLoop(() -> {
            if (hasEnded()) {
                done.error(gone());
                return;
            }
            long id = nextCommit++;
            commits.put(id, done);
            ObjectNode commit = Wire.object().put("type", "commit").put("id", id);
            ArrayNode list = commit.putArray("offsets");
            copy.forEach((handle, point) -> {
                ObjectNode each = list.addObject().put("handle", handle).put("offset", point.offset());
                if (point.metadata() != null) {
                    each.put("metadata", point.metadata());
                }
            });
            outbox.send(Wire.json(commit));
        }));
    }

    @Override
    public void revoked(int handle) {
        outbox.send(Wire.json(Wire.object().put("type", "revoked").put("handle", handle)));
    }

    @Override
    public void leave() {
        link.onLoop(() -> {
            leaving = true;
            outbox.send(Wire.json(Wire.object().put("type", "leave")));
        });
    }

    /** The connection is shared, so the server is asked to take this one member for lost; the cancel follows behind. */
    @Override
    public void abort() {
        outbox.send(Wire.json(Wire.object().put("type", "abort")));
        abandon();
    }

    @Override
    void receive(ByteBuf data) {
        JsonNode event = Wire.parse(data);
        switch (Wire.text(event, "type")) {
            case "joined" -> joined(event);
            case "rejoined" -> rejoined(event);
            case "assigned" ->
                sink.onAssigned(
                        Wire.integer(event, "handle"),
                        new TopicPartition(Wire.text(event, "topic"), Wire.integer(event, "partition")),
                        Wire.number(event, "generation"),
                        Wire.number(event, "start"));
            case "revoking" -> sink.onRevoking(Wire.integer(event, "handle"), Wire.number(event, "withinMs"));
            case "lost" -> sink.onLost(Wire.integer(event, "handle"));
            case "seeked" -> sink.onSeeked(Wire.integer(event, "handle"), Wire.number(event, "offset"));
            case "idle" -> sink.onIdle(Wire.text(event, "reason"));
            case "committed" -> committed(Wire.number(event, "id"), event);
            default -> {} // events may be added; one that matters comes with a new route
        }
    }

    private void joined(JsonNode event) {
        String name = Wire.text(event, "member");
        long secret = Long.parseLong(event.path("secret").asText("0")); // servers of before have none
        long generation = Wire.number(event, "generation");
        named(name);
        sink.onJoined(name, secret, generation);
    }

    private void rejoined(JsonNode event) {
        if (rejoin == null) {
            throw new IllegalArgumentException("nobody came back");
        }
        Set<Integer> handles = new TreeSet<>();
        for (JsonNode handle : Wire.array(event, "handles")) {
            handles.add(handle.intValue());
        }
        long generation = Wire.number(event, "generation");
        named(rejoin.member());
        sink.onRejoined(generation, handles);
    }

    private void named(String name) {
        boolean first = member == null;
        member = name;
        if (first) {
            for (RemoteAssignedReader reader : List.copyOf(readers)) {
                open(reader, name);
            }
        }
    }

    private void committed(long id, JsonNode event) {
        MonoSink<Void> done = commits.remove(id);
        if (done == null) {
            return;
        } else if (event.hasNonNull("error")) {
            done.error(ErrorJson.fromJson(event.toString()));
        } else {
            done.success();
        }
    }

    private void open(RemoteAssignedReader reader, String name) {
        reader.open(connection, Wire.object().put("member", name));
    }

    @Override
    void completed() {
        if (leaving) {
            over(gone(), RemoteStream::abandon);
            sink.onLeft();
        } else {
            failed(new LevadaException(ErrorCode.GOING_AWAY, "the server ended the membership"));
        }
    }

    @Override
    void failed(LevadaException error) {
        over(error, reader -> reader.fail(error));
        sink.onError(error);
    }

    @Override
    void abandoned() {
        over(gone(), RemoteStream::abandon);
    }

    private void over(LevadaException reason, Consumer<RemoteAssignedReader> ending) {
        List<MonoSink<Void>> unanswered = List.copyOf(commits.values());
        commits.clear();
        unanswered.forEach(commit -> commit.error(reason));
        List<RemoteAssignedReader> open = List.copyOf(readers);
        readers.clear();
        open.forEach(ending);
    }

    static LevadaException gone() {
        return new LevadaException(ErrorCode.UNKNOWN_MEMBER_ID, "this membership has ended; join again");
    }
}
