package io.levada.sdk;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.TopicPartition;
import io.levada.facade.BatchSink;
import io.levada.facade.CommitPoint;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A membership that outlives its connection. Within the grace period the same member comes back on the next one: it keeps
 * its partitions, whose reading goes on where it was, and nobody else notices. After that it is told that they are lost,
 * and joins anew. While there is no connection, commits fail with an error that says to try again.
 *
 * <p>All state is the event loop's.
 */
final class ResumingSession implements GroupSession {
    private final Link link;
    private final JoinSpec spec;
    private final MemberSink sink;
    private final Backoff backoff;

    /** What the sink was told of and has not given back. */
    private final Set<Integer> owned = new LinkedHashSet<>();

    /** What was given back, which the server may not have heard. */
    private final Set<Integer> givenBack = new LinkedHashSet<>();

    private final List<ResumingAssignedReader> readers = new ArrayList<>();
    private @Nullable Channel channel;
    private JoinSpec.@Nullable Rejoin identity;
    private boolean leaving;
    private volatile boolean ended;
    private @Nullable LevadaException failure; // when it has ended with one

    private ResumingSession(Link link, JoinSpec spec, MemberSink sink) {
        this.link = link;
        this.spec = spec;
        this.sink = sink;
        this.backoff = new Backoff(link, Backoff.MOST_OF_A_MEMBER);
    }

    static ResumingSession open(Link link, JoinSpec spec, MemberSink sink) {
        ResumingSession session = new ResumingSession(link, spec, sink);
        link.onLoop(session::connect);
        return session;
    }

    private void connect() {
        if (!ended) {
            Channel opened = new Channel();
            channel = opened;
            JoinSpec.Rejoin known = identity;
            opened.session = RemoteSession.open(link, known == null ? spec : spec.rejoining(known), opened);
        }
    }

    /** The session on the connection that there is; null until it has joined. */
    private @Nullable RemoteSession joined() {
        Channel open = channel;
        return open != null && open.isJoined ? open.session : null;
    }

    @Override
    public AssignedReader read(BatchSink batches) {
        ResumingAssignedReader reader = new ResumingAssignedReader(link, batches, this::reopen);
        link.onLoop(() -> {
            if (ended) {
                reader.fail(whyEnded());
                return;
            }
            readers.removeIf(ResumingAssignedReader::hasEnded);
            readers.add(reader);
            reopen(reader);
        });
        return reader;
    }

    /** Gives a reader the connection that there is; without one, it gets the next. */
    private void reopen(ResumingAssignedReader reader) {
        RemoteSession session = joined();
        if (session != null) {
            reader.open(session);
        }
    }

    @Override
    public Mono<Void> commit(Map<Integer, CommitPoint> points) {
        Map<Integer, CommitPoint> copy = Map.copyOf(points);
        return Mono.create(done -> link.onLoop(() -> {
            RemoteSession session = joined();
            if (ended) {
                done.error(whyEnded());
            } else if (session == null) {
                done.error(new LevadaException(
                        ErrorCode.CONNECTION_LOST, "the connection was lost, and there is not yet another one"));
            } else {
                session.commit(copy).subscribe(nothing -> {}, done::error, done::success);
            }
        }));
    }

    @Override
    public void revoked(int handle) {
        link.onLoop(() -> {
            owned.remove(handle);
            givenBack.add(handle);
            RemoteSession session = joined();
            if (session != null) {
                session.revoked(handle);
            }
        });
    }

    @Override
    public void leave() {
        link.onLoop(() -> {
            leaving = true;
            RemoteSession session = joined();
            if (session != null) {
                session.leave();
            }
        });
    }

    @Override
    public void abort() {
        ended = true;
        link.onLoop(() -> {
            backoff.stop();
            Channel open = channel;
            channel = null;
            if (open != null && open.session != null) {
                open.session.abort();
            }
            readers.clear();
        });
    }

    /** There is a connection again, and the member is known on it. */
    private void resume(RemoteSession session) {
        backoff.reset();
        List.copyOf(readers).forEach(reader -> reader.open(session));
        if (leaving) {
            session.leave();
        }
    }

    private void lost(LevadaException error) {
        channel = null;
        readers.forEach(ResumingAssignedReader::disconnected);
        boolean forgotten = identity == null || error.code() == ErrorCode.UNKNOWN_MEMBER_ID;
        if (leaving && forgotten) {
            left();
        } else if (identity != null && forgotten) {
            identity = null;
            loseAllBut(Set.of());
            connect();
        } else if (!backoff.retry(error, this::connect, () -> finish(Link.goingAway()))) {
            finish(link.isShut() ? Link.goingAway() : error);
        }
    }

    private void loseAllBut(Set<Integer> handles) {
        for (int handle : List.copyOf(owned)) {
            if (!handles.contains(handle)) {
                lose(handle);
            }
        }
        givenBack.retainAll(handles);
    }

    private void lose(int handle) {
        givenBack.remove(handle);
        if (owned.remove(handle)) {
            readers.forEach(reader -> reader.lost(handle));
            sink.onLost(handle);
        }
    }

    private void left() {
        ended = true;
        readers.clear();
        sink.onLeft();
    }

    /** What ended it, also for whoever asks only now. */
    private LevadaException whyEnded() {
        LevadaException known = failure;
        return known == null ? RemoteSession.gone() : known;
    }

    private void finish(LevadaException error) {
        if (!ended) {
            ended = true;
            failure = error;
            channel = null;
            List<ResumingAssignedReader> open = List.copyOf(readers);
            readers.clear();
            open.forEach(reader -> reader.fail(error));
            sink.onError(error);
        }
    }

    /** What is heard over one connection. */
    private final class Channel implements MemberSink {
        private @Nullable RemoteSession session;
        private boolean isJoined;

        private boolean isOver() {
            return channel != this || ended;
        }

        /** The name is told over a connection, which comes later than this is made. */
        private void join(Runnable telling) {
            RemoteSession open = session;
            if (!isOver() && open != null) {
                isJoined = true;
                telling.run();
                resume(open);
            }
        }

        @Override
        public void onJoined(String member, long secret, long generation) {
            join(() -> {
                identity = secret == 0 ? null : new JoinSpec.Rejoin(member, secret);
                sink.onJoined(member, secret, generation);
            });
        }

        @Override
        public void onRejoined(long generation, Set<Integer> handles) {
            join(() -> {
                loseAllBut(handles);
                RemoteSession open = session;
                if (open != null) {
                    givenBack.forEach(open::revoked);
                }
            });
        }

        @Override
        public void onAssigned(int handle, TopicPartition partition, long generation, long start) {
            if (!isOver() && !givenBack.contains(handle) && owned.add(handle)) {
                sink.onAssigned(handle, partition, generation, start);
            }
        }

        @Override
        public void onRevoking(int handle, long withinMs) {
            if (!isOver() && !givenBack.contains(handle)) {
                sink.onRevoking(handle, withinMs);
            }
        }

        @Override
        public void onLost(int handle) {
            if (!isOver()) {
                lose(handle);
            }
        }

        @Override
        public void onSeeked(int handle, long offset) {
            if (!isOver() && owned.remove(handle)) {
                sink.onSeeked(handle, offset);
            }
        }

        @Override
        public void onIdle(String reason) {
            if (!isOver()) {
                sink.onIdle(reason);
            }
        }

        @Override
        public void onLeft() {
            if (!isOver()) {
                left();
            }
        }

        @Override
        public void onError(Throwable error) {
            if (!isOver()) {
                lost(LevadaException.of(error));
            }
        }
    }
}
