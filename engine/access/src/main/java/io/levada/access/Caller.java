package io.levada.access;

import io.levada.LevadaException;
import io.levada.facade.BatchWriter;
import io.levada.facade.WriterSink;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Somebody who asks for something: the questions that are put to the permissions, and what is noted of the answers. */
final class Caller {
    /** As long as a name may be that is one. */
    private static final int MAX_TOLD_CHARS = 200;

    private final Principal principal;
    private final String peer;
    private final Permissions permissions;
    private final Quotas quotas;
    private final AuditLog audit;
    private final Runnable check;

    /** Something that it needs to be allowed. */
    record Need(Operation operation, ResourceType type, String name) {
        @Override
        public String toString() {
            return operation + " " + type.spelled() + " " + name;
        }
    }

    /**
     * Somebody whose expiry others look after.
     *
     * @param peer where it asks from
     */
    Caller(Principal principal, String peer, Permissions permissions, Quotas quotas, AuditLog audit) {
        this(principal, peer, permissions, quotas, audit, () -> {});
    }

    private Caller(
            Principal principal, String peer, Permissions permissions, Quotas quotas, AuditLog audit, Runnable check) {
        this.principal = principal;
        this.peer = peer;
        this.permissions = permissions;
        this.quotas = quotas;
        this.audit = audit;
        this.check = check;
    }

    /**
     * The same until its time is over.
     *
     * @param check fails then
     */
    Caller until(Runnable check) {
        return new Caller(principal, peer, permissions, quotas, audit, check);
    }

    /** Null while it still is who it was, else why not. */
    @Nullable
    LevadaException expired() {
        try {
            check.run();
            return null;
        } catch (LevadaException e) {
            return e;
        }
    }

    boolean allows(Operation operation, ResourceType type, String name) {
        return permissions.allows(principal, operation, type, name);
    }

    /** Whether there is anything of that type with which it may. */
    boolean allowsSome(Operation operation, ResourceType type) {
        return permissions.allowsSome(principal, operation, type);
    }

    /** Null where all of it is allowed, else the denial, which is noted. */
    @Nullable
    LevadaException denial(List<Need> needs) {
        for (Need need : needs) {
            if (!permissions.allows(principal, need.operation, need.type, need.name)) {
                return denied(need);
            }
        }
        return null;
    }

    /** Null where there is a topic to publish to, else the denial of a producer's id, which is noted. */
    @Nullable
    LevadaException denialOfProducer() {
        return allowsSome(Operation.PUBLISH, ResourceType.TOPIC)
                ? null
                : denied(new Need(Operation.PUBLISH, ResourceType.PRODUCER, "of any topic"));
    }

    /** The denial of what it needs, which is noted. */
    LevadaException denied(Need need) {
        String named =
                need.name.length() <= MAX_TOLD_CHARS ? need.name : need.name.substring(0, MAX_TOLD_CHARS) + "...";
        audit.denied(principal.name(), need, need.type.denied(), peer);
        return new LevadaException(
                need.type.denied(),
                principal.name() + " may not " + need.operation.spelled() + " " + need.type.spelled() + " " + named
                        + "; whoever runs the server can add a rule that allows it");
    }

    /** Counts one more subscription, unless that goes beyond the quota: then tells so. */
    @Nullable
    LevadaException subscribe() {
        return quotas.take(Quotas.Kind.SUBSCRIPTIONS, principal);
    }

    void unsubscribe() {
        quotas.give(Quotas.Kind.SUBSCRIPTIONS, principal);
    }

    /** Opens a writer that keeps to the rate of its principal, if that has any. */
    BatchWriter open(WriterSink sink, Function<WriterSink, BatchWriter> open) {
        if (!quotas.of(principal).bounded()) {
            return open.apply(sink);
        }
        return new RatedWriter(sink, quotas.writerBegins(principal), () -> quotas.writerEnded(principal)).open(open);
    }

    /** Rights that have to last. */
    Standing standing(List<Need> needs) {
        return new Standing(this, permissions, needs);
    }

    /** Does what is allowed, and fails with what is not, before anything is looked at. */
    <T> Mono<T> allowed(List<Need> needs, Supplier<Mono<T>> action) {
        return Mono.defer(() -> {
            LevadaException denied = denial(needs);
            return denied == null ? action.get() : Mono.error(denied);
        });
    }

    /** The same for what is to be noted when it was done; the last need names it. */
    <T> Mono<T> administered(List<Need> needs, Supplier<Mono<T>> action) {
        Need named = needs.get(needs.size() - 1);
        return allowed(needs, () -> action.get()
                .doOnSuccess(done -> note(named, "done"))
                .doOnError(error -> note(named, LevadaException.of(error).code().name())));
    }

    /** Notes what was administered, or was to be. */
    void note(Need need, String outcome) {
        audit.done(principal.name(), need, outcome, peer);
    }
}
