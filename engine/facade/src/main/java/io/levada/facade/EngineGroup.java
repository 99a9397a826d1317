package io.levada.facade;

import io.levada.Assignment;
import io.levada.Delivery;
import io.levada.Group;
import io.levada.LevadaOptions;
import io.levada.MemberOptions;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/** A group over any engine; each subscription to what it returns is a member. */
final class EngineGroup implements Group {
    private final String name;
    private final Engine engine;
    private final LevadaOptions options;
    private final Scheduler timers;
    private final Set<Membership> open;

    /**
     * @param open where memberships stand as long as they last
     */
    EngineGroup(String name, Engine engine, LevadaOptions options, Scheduler timers, Set<Membership> open) {
        this.name = name;
        this.engine = engine;
        this.options = options;
        this.timers = timers;
        this.open = open;
    }

    @Override
    public String name() {
        return name;
    }

    LevadaOptions options() {
        return options;
    }

    Membership membership(List<String> topics, MemberOptions member, MemberView view) {
        return new Membership(name, topics, member, options, timers, view);
    }

    void join(Membership membership) {
        membership.join(engine);
        open.add(membership);
        membership.left().subscribe(nothing -> {}, error -> {}, () -> open.remove(membership));
    }

    @Override
    public Flux<Assignment> subscribe(Collection<String> topics, MemberOptions member) {
        List<String> names = List.copyOf(topics);
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Assignment> actual) {
                new AssignmentsStream(actual, EngineGroup.this, names, member).start();
            }
        };
    }

    @Override
    public Flux<Delivery> receive(Collection<String> topics, MemberOptions member) {
        List<String> names = List.copyOf(topics);
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Delivery> actual) {
                new ReceiveStream(actual, EngineGroup.this, names, member).start();
            }
        };
    }
}
