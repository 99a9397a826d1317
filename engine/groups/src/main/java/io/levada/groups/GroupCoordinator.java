package io.levada.groups;

import io.levada.ErrorCode;
import io.levada.GroupDescription.MemberDescription;
import io.levada.Groups;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.groups.GroupEvent.CommitGone;
import io.levada.groups.GroupEvent.Committed;
import io.levada.groups.GroupEvent.GroupGone;
import io.levada.groups.GroupEvent.MemberGone;
import io.levada.groups.GroupEvent.PartitionFreed;
import io.levada.groups.GroupView.Place;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * All groups of an engine. A command changes nothing: it gives a {@link Decision}, whose events the caller writes and
 * hands to {@link #replay}, the only thing that changes a group; at start the caller replays what it wrote before. A
 * refused command throws a {@link LevadaException}. Not for more than one thread at a time.
 *
 * <p>What happens to a partition within a group ("the owner" is the member that owns it):
 *
 * <table>
 * <caption>Transitions of a partition</caption>
 * <tr><th>is</th><th>on</th><th>becomes</th><th>told</th></tr>
 * <tr><td>free</td><td>any change of the group, if a connected member subscribes to its topic</td>
 *     <td>owned; pending if the group has no place in it</td><td>new owner: Assigned; if pending: FindStart</td></tr>
 * <tr><td>pending</td><td>{@link #started}</td><td>owned, its start kept as a commit</td><td>owner: Assigned</td></tr>
 * <tr><td>pending</td><td>another member should have it</td><td>pending at that one</td><td>FindStart</td></tr>
 * <tr><td>owned</td><td>another member should have it</td><td>revoking</td><td>owner: Revoking</td></tr>
 * <tr><td>revoking</td><td>{@link #revoked}</td><td>free</td><td>owner: HandedOver</td></tr>
 * <tr><td>revoking</td><td>{@link #tick} at its deadline</td><td>free</td><td>owner: Lost</td></tr>
 * <tr><td>any</td><td>its owner comes back</td><td>what it was</td><td>owner: Rejoined, then Assigned, Revoking as before</td></tr>
 * <tr><td>any but revoking</td><td>its owner leaves, and has an instance id</td><td>what it was, for the grace period</td>
 *     <td>owner: Left</td></tr>
 * <tr><td>any but revoking</td><td>another process takes its owner's place</td><td>owned by that one, anew</td>
 *     <td>new owner: Assigned</td></tr>
 * <tr><td>any</td><td>its owner leaves otherwise, or its grace period ends</td><td>free</td><td>owner: Left, Expired</td></tr>
 * <tr><td>any</td><td>the group's place in it is reset</td><td>owned anew, or free if it was revoking</td>
 *     <td>owner: Seeked, Assigned</td></tr>
 * <tr><td>any</td><td>its topic is deleted</td><td>gone, with its commit</td><td>owner: Lost</td></tr>
 * </table>
 *
 * <p>A partition is assigned only from free, so it never has two owners. A partition once asked back is not left with its
 * owner even if that would suit again, since the owner has stopped reading it. Partitions of a member whose connection
 * broke neither come nor go until it is removed, except that the hand-over under way ends at its deadline. Each decision
 * that changes members or assignment belongs to a new generation.
 *
 * <p>All times are in milliseconds on one clock that does not go back; its origin may differ from run to run, as {@link
 * #restored} sets all deadlines anew.
 */
public final class GroupCoordinator {
    /** What {@link #deadlineMs} gives when there is nothing to wait for. */
    public static final long NEVER = Long.MAX_VALUE;

    private final GroupConfig config;
    private final Assignor assignor;
    private final NavigableMap<String, GroupState> groups = new TreeMap<>();
    private Map<String, TopicShape> topics = Map.of();

    public GroupCoordinator(GroupConfig config) {
        this(config, new StickyAssignor());
    }

    GroupCoordinator(GroupConfig config, Assignor assignor) {
        this.config = config;
        this.assignor = assignor;
    }

    /** Applies an event that has been written. */
    public void replay(GroupEvent event) {
        if (event instanceof GroupGone) {
            groups.remove(event.group());
        } else if (event instanceof MemberGone || event instanceof PartitionFreed || event instanceof CommitGone) {
            GroupState state = groups.get(event.group());
            if (state != null) { // else it follows, in a compacted log, an event that is no longer there
                state.apply(event);
            }
        } else {
            groups.computeIfAbsent(event.group(), GroupState::new).apply(event);
        }
    }

    /**
     * A member joins, and the group comes to be if it is its first. One with the instance id of a member that is not there
     * takes its place: it gets what that one owned, anew, and nobody else is disturbed.
     *
     * @throws LevadaException INVALID_GROUP_ID, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION; UNRELEASED_INSTANCE_ID while
     *     the member with that instance id is connected
     */
    public Decision join(String group, Joining joining, long nowMs) {
        Groups.checkName(group);
        joining.check(topics.keySet());
        GroupState current = groups.getOrDefault(group, new GroupState(group));
        if (current.members().containsKey(joining.member())) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, "member '" + joining.member() + "' is in group '" + group + "' already");
        }
        Member former = instance(current, joining.instanceId());
        Draft draft = new Draft(current);
        long generation = draft.generation();
        Member member = joining.asOf(former == null ? generation : former.joined());
        List<TopicPartition> kept = former == null ? List.of() : vacate(draft, former, member);
        draft.set(member);
        draft.tell(new Effect.Joined(group, member.id(), member.secret(), generation));
        kept.forEach(partition -> draft.assign(partition, member));
        return settled(draft, nowMs);
    }

    /** The member of before with an instance id, which must not be there any more; null if there is none. */
    private static @Nullable Member instance(GroupState state, @Nullable String instanceId) {
        if (instanceId == null) {
            return null;
        }
        for (Member member : state.members().values()) {
            if (instanceId.equals(member.instanceId())) {
                if (member.connected()) {
                    throw new LevadaException(
                            ErrorCode.UNRELEASED_INSTANCE_ID,
                            "instance '" + instanceId + "' is in group '" + state.name() + "' already, as member '"
                                    + member.id() + "'; end that one first, or use another instance id");
                }
                return member;
            }
        }
        return null;
    }

    /** Removes a member that another one takes the place of, and gives what that is to have of it. */
    private List<TopicPartition> vacate(Draft draft, Member former, Member next) {
        Set<String> names = Set.copyOf(next.expanded(topics.keySet()).topics());
        List<TopicPartition> kept = new ArrayList<>();
        for (TopicPartition partition : draft.state().ownedBy(former.id())) {
            Ownership ownership = draft.state().ownership(partition);
            if (ownership != null && !ownership.revoking() && names.contains(partition.topic())) {
                kept.add(partition);
            }
        }
        draft.remove(former);
        draft.tell(new Effect.Expired(draft.group(), former.id()));
        return kept;
    }

    /**
     * A member is there on another connection, whether or not it is known that the one before broke. What it owns stays
     * what it was, and it is told of all of it again, as something told before may not have reached it.
     *
     * @throws LevadaException UNKNOWN_MEMBER_ID where the grace period is over, or it is another one's secret
     */
    public Decision rejoin(String group, String member, long secret, long nowMs) {
        GroupState state = groups.getOrDefault(group, new GroupState(group));
        Member known = member(state, member);
        if (secret == Member.NO_SECRET || secret != known.secret()) {
            throw unknown(state, member);
        }
        Draft draft = new Draft(state);
        draft.set(known.back().idle(false)); // told again, if it still is
        draft.tell(new Effect.Rejoined(group, member, state.generation(), toldHandles(state, member)));
        for (TopicPartition partition : state.ownedBy(member)) {
            draft.tellAgain(partition, known, nowMs);
        }
        return settled(draft, nowMs);
    }

    private static Set<Integer> toldHandles(GroupState state, String member) {
        Set<Integer> handles = new TreeSet<>();
        for (TopicPartition partition : state.ownedBy(member)) {
            Ownership ownership = state.ownership(partition);
            if (ownership != null && !state.pending(partition)) {
                handles.add(ownership.handle());
            }
        }
        return handles;
    }

    /**
     * Answers {@link Effect.FindStart}: the offset becomes the group's place, and the owner is told of its partition.
     *
     * @throws LevadaException as {@link #commit}
     */
    public Decision started(String group, String member, int handle, long generation, long offset) {
        GroupState state = group(group);
        TopicPartition partition = owned(state, member, handle, generation);
        if (!state.pending(partition)) {
            return Decision.NOTHING;
        }
        return new Decision(
                List.of(new Committed(group, partition, topicId(partition), offset)),
                List.of(new Effect.Assigned(group, member, handle, partition, generation, offset)));
    }

    /**
     * A member leaves and gives back what it owns; its commits were sent before. The place of one with an instance id stays
     * for the grace period, so that its process can start again without moving anything. Throws UNKNOWN_MEMBER_ID.
     */
    public Decision leave(String group, String member, long nowMs) {
        GroupState state = group(group);
        Member leaver = member(state, member);
        Draft draft = new Draft(state);
        if (leaver.instanceId() == null) {
            draft.remove(leaver);
        } else if (leaver.secret() == Member.NO_SECRET) {
            throw unknown(state, member); // it has left already
        } else {
            draft.vacate(leaver, nowMs + config.graceMs());
        }
        draft.tell(new Effect.Left(group, member));
        return settled(draft, nowMs);
    }

    /** A member's connection broke: it keeps its partitions until the grace period ends. Throws UNKNOWN_MEMBER_ID. */
    public Decision disconnected(String group, String member, long nowMs) {
        GroupState state = group(group);
        Member gone = member(state, member);
        if (!gone.connected()) {
            return Decision.NOTHING;
        }
        Draft draft = new Draft(state);
        draft.set(gone.goneAt(nowMs + config.graceMs()));
        return draft.decide();
    }

    /**
     * The owner answers {@link Effect.Revoking}: it is done with the partition and its commit was sent before.
     *
     * @throws LevadaException as {@link #commit}, and INVALID_REQUEST when it was not asked
     */
    public Decision revoked(String group, String member, int handle, long generation, long nowMs) {
        GroupState state = group(group);
        TopicPartition partition = owned(state, member, handle, generation);
        Ownership ownership = state.ownership(partition);
        if (ownership == null || !ownership.revoking()) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, partition + " was not asked back from member '" + member + "'");
        }
        Draft draft = new Draft(state);
        draft.free(partition);
        draft.tell(new Effect.HandedOver(group, member, handle));
        return settled(draft, nowMs);
    }

    /**
     * A member commits offsets of partitions that it owns, all or none.
     *
     * @param durableEnd says up to where a partition is durable
     * @throws LevadaException UNKNOWN_MEMBER_ID; FENCED_MEMBER_EPOCH for a partition that is the member's no longer;
     *     STALE_MEMBER_EPOCH for another generation than that of the assignment; OFFSET_OUT_OF_RANGE above the durable
     *     end; OFFSET_METADATA_TOO_LARGE; INVALID_REQUEST below the commit that stands, or for a handle that was never given out
     */
    public Decision commit(
            String group, String member, List<CommitOffset> offsets, ToLongFunction<TopicPartition> durableEnd) {
        GroupState state = group(group);
        member(state, member);
        List<GroupEvent> events = new ArrayList<>();
        for (CommitOffset offset : offsets) {
            TopicPartition partition = owned(state, member, offset.handle(), offset.generation());
            long place = place(state, partition);
            checkMetadata(partition, offset.metadata());
            checkCommit(partition, offset.offset(), place, durableEnd.applyAsLong(partition));
            if (offset.offset() > place || offset.metadata() != null) {
                events.add(
                        new Committed(group, partition, topicId(partition), offset.offset(), false, offset.metadata()));
            }
        }
        return new Decision(events, List.of());
    }

    private static long place(GroupState state, TopicPartition partition) {
        GroupState.Commit commit = state.commits().get(partition);
        if (commit == null) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST, partition + " has not been started, so nothing of it can be committed");
        }
        return commit.offset();
    }

    private static void checkMetadata(TopicPartition partition, @Nullable String metadata) {
        int bytes = metadata == null ? 0 : metadata.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > CommitOffset.MAX_METADATA_BYTES) {
            throw new LevadaException(
                    ErrorCode.OFFSET_METADATA_TOO_LARGE,
                    "a commit of " + partition + " came with " + bytes + " bytes of metadata; "
                            + CommitOffset.MAX_METADATA_BYTES + " are the most");
        }
    }

    private static void checkCommit(TopicPartition partition, long offset, long place, long durable) {
        if (offset < place) {
            throw new LevadaException(
                    ErrorCode.INVALID_REQUEST,
                    "commit " + offset + " of " + partition + " is below the group's commit " + place);
        } else if (offset > durable && offset > place) {
            throw new LevadaException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "commit " + offset + " of " + partition + " is above its durable end " + durable);
        }
    }

    /** Carries out what is due: members whose grace period ended are removed, partitions not handed over are taken. */
    public Decision tick(String group, long nowMs) {
        GroupState state = groups.get(group);
        if (state == null || deadlineMs(group) > nowMs) {
            return Decision.NOTHING;
        }
        Draft draft = new Draft(state);
        for (Member member : state.members().values()) {
            if (!member.connected() && member.goneAtMs() <= nowMs) {
                draft.remove(member);
                draft.tell(new Effect.Expired(group, member.id()));
            }
        }
        new TreeMap<>(draft.state().ownerships()).forEach((partition, ownership) -> {
            if (ownership.revoking() && ownership.revokedAtMs() <= nowMs) {
                draft.take(partition, ownership);
            }
        });
        return settled(draft, nowMs);
    }

    /** When {@link #tick} has something to do for a group, or {@link #NEVER}. */
    public long deadlineMs(String group) {
        GroupState state = groups.get(group);
        long deadline = NEVER;
        if (state != null) {
            for (Member member : state.members().values()) {
                deadline = member.connected() ? deadline : Math.min(deadline, member.goneAtMs());
            }
            for (Ownership ownership : state.ownerships().values()) {
                deadline = ownership.revoking() ? Math.min(deadline, ownership.revokedAtMs()) : deadline;
            }
        }
        return deadline;
    }

    /**
     * The topics there are, by name, from now on; one of another id is another topic. This is outside knowledge, not a
     * group's state, and holds at once; its consequences for the groups are in the decision.
     */
    public Decision topicsChanged(Map<String, TopicShape> now, long nowMs) {
        Map<String, TopicShape> before = topics;
        topics = Map.copyOf(now);
        SortedMap<TopicPartition, UUID> appeared = appeared(before);
        return forAll(draft -> {
            dropWhatIsGone(draft);
            startAtTheirBeginning(draft, appeared);
            settle(draft, nowMs);
        });
    }

    private SortedMap<TopicPartition, UUID> appeared(Map<String, TopicShape> before) {
        SortedMap<TopicPartition, UUID> appeared = new TreeMap<>();
        topics.forEach((name, shape) -> {
            TopicShape known = before.get(name);
            int first = known == null || !known.id().equals(shape.id()) ? 0 : known.partitions();
            for (int i = first; i < shape.partitions(); i++) {
                appeared.put(new TopicPartition(name, i), shape.id());
            }
        });
        return appeared;
    }

    /** Of a partition that comes to be while somebody subscribes to it no record is left out, wherever members start. */
    private void startAtTheirBeginning(Draft draft, SortedMap<TopicPartition, UUID> appeared) {
        Set<String> subscribed = new TreeSet<>();
        draft.state()
                .members()
                .values()
                .forEach(member ->
                        subscribed.addAll(member.expanded(topics.keySet()).topics()));
        appeared.forEach((partition, topicId) -> {
            if (subscribed.contains(partition.topic())) {
                if (draft.state().pending(partition)) { // of a topic of the same name, before
                    draft.free(partition);
                }
                draft.add(new Committed(draft.group(), partition, topicId, 0));
            }
        });
    }

    /**
     * To be called once everything written was replayed, at start or after a failure to write: members that are not
     * alive count as disconnected from now on, all deadlines are set anew, and starts not found yet are asked for again.
     *
     * @param alive says by id which members have a connection to this run
     */
    public Decision restored(Map<String, TopicShape> now, Predicate<String> alive, long nowMs) {
        topics = Map.copyOf(now);
        return forAll(draft -> {
            GroupState before = draft.state().copy();
            for (Member member : before.members().values()) {
                if (!alive.test(member.id())) {
                    draft.set(member.goneAt(nowMs + config.graceMs()));
                }
            }
            before.ownerships().forEach((partition, ownership) -> restore(draft, partition, ownership, nowMs));
            dropWhatIsGone(draft);
            settle(draft, nowMs);
        });
    }

    private void restore(Draft draft, TopicPartition partition, Ownership ownership, long nowMs) {
        Member owner = draft.state().members().get(ownership.member());
        if (owner == null) {
            draft.free(partition);
        } else if (draft.state().pending(partition)) {
            draft.free(partition); // and assigned anew by what follows, if the member is there
        } else if (ownership.revoking()) {
            draft.add(new GroupEvent.PartitionSet(
                    draft.group(), partition, ownership.revokedAt(nowMs + config.handOverMs())));
        }
    }

    /** Takes away partitions, and removes commits, of topics that are no longer or are not the same. */
    private void dropWhatIsGone(Draft draft) {
        GroupState before = draft.state().copy();
        before.ownerships().forEach((partition, ownership) -> {
            if (!stands(partition, before.commits().get(partition))) {
                draft.take(partition, ownership);
            }
        });
        before.commits().forEach((partition, commit) -> {
            if (!stands(partition, commit)) {
                draft.add(new CommitGone(draft.group(), partition));
            }
        });
    }

    private boolean stands(TopicPartition partition, GroupState.@Nullable Commit commit) {
        TopicShape shape = topics.get(partition.topic());
        return shape != null
                && partition.partition() < shape.partitions()
                && (commit == null || commit.topicId().equals(shape.id()));
    }

    /** Removes all members of all groups and assigns nothing any more: the engine stops, and every session has ended. */
    public Decision allLeft() {
        return forAll(draft -> List.copyOf(draft.state().members().values()).forEach(draft::remove));
    }

    /**
     * Moves the group's place in partitions, forth or back. Who owns them has them anew, from there: what it says of the
     * assignments before counts no more, and whatever it has not committed, it gets again if it lies behind the new place.
     *
     * @param offsets by partition, each kept, or the durable end
     * @throws LevadaException GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION
     */
    public Decision reset(String group, Map<TopicPartition, Long> offsets, long nowMs) {
        Draft draft = new Draft(group(group));
        new TreeMap<>(offsets).forEach((partition, offset) -> draft.seek(partition, topicId(partition), offset));
        return settled(draft, nowMs);
    }

    /** Deletes a group with its commits; throws GROUP_ID_NOT_FOUND, or NON_EMPTY_GROUP while it has members. */
    public Decision delete(String group) {
        GroupState state = group(group);
        if (!state.members().isEmpty()) {
            throw new LevadaException(
                    ErrorCode.NON_EMPTY_GROUP,
                    "group '" + group + "' has " + state.members().size()
                            + " members; it can be deleted when they have left or their grace period is over");
        }
        List<GroupEvent> events = new ArrayList<>();
        state.ownerships().keySet().forEach(partition -> events.add(new PartitionFreed(group, partition)));
        state.commits().keySet().forEach(partition -> events.add(new CommitGone(group, partition)));
        events.add(new GroupGone(group));
        return new Decision(events, List.of());
    }

    /** Names of all groups, in order. */
    public List<String> list() {
        return List.copyOf(groups.keySet());
    }

    /** A group as it is; throws GROUP_ID_NOT_FOUND. */
    public GroupView describe(String group) {
        GroupState state = group(group);
        List<MemberDescription> members = new ArrayList<>();
        SortedMap<TopicPartition, Place> places = new TreeMap<>();
        for (Member member : state.members().values()) {
            members.add(new MemberDescription(member.id(), state.ownedBy(member.id()), member.idle()));
            for (String topic : member.expanded(topics.keySet()).topics()) {
                TopicShape shape = topics.get(topic);
                for (int i = 0; shape != null && i < shape.partitions(); i++) {
                    places.put(new TopicPartition(topic, i), Place.NONE);
                }
            }
        }
        state.commits()
                .forEach((partition, commit) -> places.put(partition, new Place(commit.offset(), commit.metadata())));
        return new GroupView(group, stateName(state), state.generation(), members, places);
    }

    private static String stateName(GroupState state) {
        boolean moving = state.ownerships().entrySet().stream()
                .anyMatch(entry -> entry.getValue().revoking() || state.pending(entry.getKey()));
        return state.members().isEmpty() ? "Empty" : moving ? "Reconciling" : "Stable";
    }

    /** What the group holds, for tests. */
    @Nullable
    GroupState state(String group) {
        return groups.get(group);
    }

    private GroupState group(String group) {
        GroupState state = groups.get(group);
        if (state == null) {
            throw new LevadaException(ErrorCode.GROUP_ID_NOT_FOUND, "there is no group '" + group + "'");
        }
        return state;
    }

    private static Member member(GroupState state, String id) {
        Member member = state.members().get(id);
        if (member == null) {
            throw unknown(state, id);
        }
        return member;
    }

    private static LevadaException unknown(GroupState state, String id) {
        return new LevadaException(
                ErrorCode.UNKNOWN_MEMBER_ID, "member '" + id + "' is not in group '" + state.name() + "'; join again");
    }

    /** The guard of everything an owner says: the partition, if the assignment it speaks of stands. */
    private static TopicPartition owned(GroupState state, String id, int handle, long generation) {
        member(state, id);
        TopicPartition partition = state.byHandle(handle);
        Ownership ownership = partition == null ? null : state.ownership(partition);
        if (handle < 1 || handle > state.lastHandle()) {
            throw new LevadaException(ErrorCode.INVALID_REQUEST, "there was never an assignment " + handle);
        } else if (partition == null || ownership == null || !ownership.member().equals(id)) {
            throw new LevadaException(
                    ErrorCode.FENCED_MEMBER_EPOCH,
                    "assignment " + handle + " of member '" + id + "' has ended; its partition may have another owner");
        } else if (ownership.generation() != generation) {
            throw new LevadaException(
                    ErrorCode.STALE_MEMBER_EPOCH,
                    partition + " was assigned in generation " + ownership.generation() + ", not in " + generation);
        }
        return partition;
    }

    private UUID topicId(TopicPartition partition) {
        TopicShape shape = topics.get(partition.topic());
        if (shape == null || partition.partition() >= shape.partitions()) {
            throw new LevadaException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no partition " + partition);
        }
        return shape.id();
    }

    private Decision settled(Draft draft, long nowMs) {
        settle(draft, nowMs);
        return draft.decide();
    }

    private void settle(Draft draft, long nowMs) {
        new Settlement(draft, topics).settle(assignor, nowMs, config.handOverMs());
    }

    private Decision forAll(Consumer<Draft> change) {
        List<GroupEvent> events = new ArrayList<>();
        List<Effect> effects = new ArrayList<>();
        Map<String, GroupState> before = new HashMap<>(groups);
        new TreeMap<>(before).values().forEach(state -> {
            Draft draft = new Draft(state);
            change.accept(draft);
            Decision decision = draft.decide();
            events.addAll(decision.events());
            effects.addAll(decision.effects());
        });
        return new Decision(events, effects);
    }
}
