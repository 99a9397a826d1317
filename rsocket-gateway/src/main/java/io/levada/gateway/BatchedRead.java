package io.levada.gateway;

import io.levada.Compression;
import io.levada.End;
import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Overflow;
import io.levada.Position;
import io.levada.ReadSpec;
import io.levada.facade.BatchReader;
import io.levada.facade.BatchSink;
import io.levada.facade.GroupSession.AssignedReader;
import io.levada.facade.WaitReason;
import io.levada.protocol.Message;
import io.levada.wire.Json;
import io.levada.wire.OutboundBudget;
import io.levada.wire.OutboundConnection;
import io.levada.wire.Subscribed;
import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

/**
 * {@code read.batched} and {@code group.partition.batched}: batches as they are stored, where the client accepts their codec,
 * against its credit. The records of the credit go on to the engine at once, its bytes as far as the connection's budget goes.
 */
final class BatchedRead extends ClientChannel implements BatchSink, Subscribed {
    private static final int MAX_LABEL = 100;

    private final Route route;
    private Set<Compression> accepted = EnumSet.allOf(Compression.class);
    private @Nullable BatchReader reader;
    private OutboundBudget.@Nullable Share share;
    private @Nullable GroupChannel member;
    private Subject subject = Subject.NONE;

    BatchedRead(ClientSession session, FluxSink<Payload> sink, Route route) {
        super(session, sink);
        this.route = route;
    }

    @Override
    void open(ByteBuf first) {
        Json wanted = Json.read(route.spelled(), opening(route, first));
        BatchReader opened = route == Route.READ_BATCHED ? readTopic(wanted) : readAssigned(wanted);
        reader = opened;
        share = session.connection().budget().share(bytes -> opened.credit(0, bytes));
    }

    private BatchReader readTopic(Json wanted) {
        ReadSpec spec = topic(wanted.only("topic", "partition", "from", "to", "filter", "overflow", "label", "accept"));
        accepted = accepted(wanted);
        subject = Subject.topic(route.spelled(), spec.topic(), label(wanted));
        return session.engine().read(spec, this);
    }

    private BatchReader readAssigned(Json wanted) {
        GroupChannel owner = session.member(wanted.only("member", "accept").text("member"));
        accepted = accepted(wanted);
        member = owner;
        subject = owner.subject(route);
        return owner.membership().read(this);
    }

    /** The codecs named, or all where nothing is said. */
    private static Set<Compression> accepted(Json wanted) {
        List<String> names = wanted.textsOrNull("accept");
        if (names == null) {
            return EnumSet.allOf(Compression.class);
        }
        Set<Compression> accepted = EnumSet.noneOf(Compression.class);
        names.forEach(name -> accepted.add(Compression.parse(name)));
        return accepted;
    }

    @Override
    public boolean accepts(Compression codec) {
        return accepted.contains(codec);
    }

    @Override
    public OutboundConnection connection() {
        return session.connection();
    }

    @Override
    public @Nullable BatchReader reader() {
        return reader;
    }

    @Override
    public Subject subject() {
        return subject;
    }

    @Override
    public @Nullable Long demand() {
        return null;
    }

    @Override
    public @Nullable WaitReason holdsBack() {
        return member != null && member.isOut() ? WaitReason.FENCED : outlet.holdsBack();
    }

    @Override
    public long wantedBytes() {
        return share == null ? 0 : share.wanted();
    }

    /** What both {@code read} and {@code read.batched} are asked for. */
    static ReadSpec topic(Json wanted) {
        String to = wanted.textOrNull("to");
        String overflow = wanted.textOrNull("overflow");
        return new ReadSpec(
                wanted.text("topic"),
                wanted.integerOrNull("partition"),
                Position.parse(wanted.text("from")),
                to == null ? End.never() : End.parse(to),
                wanted.filterOrNull("filter"),
                overflow == null ? Overflow.pause() : Overflow.parse(overflow));
    }

    /** What the client calls this reading, for {@code stats} to tell. */
    static @Nullable String label(Json wanted) {
        String label = wanted.textOrNull("label");
        if (label != null && (label.isEmpty() || label.length() > MAX_LABEL)) {
            throw invalid("'label' is 1 to " + MAX_LABEL + " characters, not " + label.length());
        }
        return label;
    }

    @Override
    void onMessage(ByteBuf data) {
        BatchReader open = reader;
        OutboundBudget.Share bytes = share;
        if (open == null || bytes == null) {
            throw invalid("a message before OPEN");
        }
        Message message = Message.decode(data, session.recordLimits());
        if (message instanceof Message.Credit credit) {
            open.credit(credit.records(), 0);
            bytes.want(credit.bytes());
        } else if (message instanceof Message.Add add && open instanceof AssignedReader assigned) {
            assigned.add(add.handle(), add.offset());
        } else if (message instanceof Message.Remove remove && open instanceof AssignedReader assigned) {
            assigned.remove(remove.handle());
        } else {
            message.release();
            throw invalid(route.spelled() + " takes no " + message.getClass().getSimpleName());
        }
    }

    /** Without more credit the stream goes on to what was permitted. */
    @Override
    void onPeerComplete() {}

    @Override
    public void onBatch(int handle, int records, ByteBuf batch) {
        later(() -> batch(handle, records, batch), batch::release);
    }

    private void batch(int handle, int records, ByteBuf batch) {
        OutboundBudget.Share bytes = share;
        if (hasEnded() || bytes == null) {
            batch.release();
            return;
        }
        int size = batch.readableBytes();
        Message message = new Message.Records(handle, records, batch);
        outlet.send(message.encode(session.connection().alloc()), () -> bytes.used(size));
    }

    @Override
    public void onGap(int handle, long from, long to) {
        later(() -> send(new Message.Gap(handle, from, to)));
    }

    @Override
    public void onDropped(int handle, long from, long to) {
        later(() -> send(new Message.Dropped(handle, from, to)));
    }

    @Override
    public void onPassed(int handle, long offset) {
        later(() -> send(new Message.Passed(handle, offset)));
    }

    @Override
    public void onPartitionEnd(int handle, @Nullable LevadaException error) {
        later(() -> send(new Message.End(handle, error)));
    }

    private void send(Message message) {
        if (!hasEnded()) {
            outlet.send(message.encode(session.connection().alloc()));
        }
    }

    @Override
    public void onComplete() {
        later(this::complete);
    }

    @Override
    public void onError(Throwable error) {
        later(() -> fail(error));
    }

    @Override
    void onEnd(Ending ending) {
        if (share != null) {
            share.close();
        }
        if (reader != null) {
            reader.cancel();
        }
    }

    private static LevadaException invalid(String message) {
        return new LevadaException(ErrorCode.INVALID_REQUEST, message);
    }
}
