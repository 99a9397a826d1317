package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** How much each principal has open, over all its connections, held against what it may. Safe for any thread. */
final class Quotas {
    private final Permissions permissions;
    private final Quota otherwise;
    private final LongSupplier nanos;
    private final ConcurrentHashMap<String, Map<Kind, Integer>> open = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Writers> writers = new ConcurrentHashMap<>();

    /** The rate of a principal, and how many of its writers go by it. */
    private static final class Writers {
        private final PublishRate rate;
        private int count;

        Writers(PublishRate rate) {
            this.rate = rate;
        }
    }

    /** What is counted. */
    enum Kind {
        CONNECTIONS("connections"),
        SUBSCRIPTIONS("subscriptions");

        private final String spelled;

        Kind(String spelled) {
            this.spelled = spelled;
        }

        private int most(Quota quota) {
            return switch (this) {
                case CONNECTIONS -> quota.connections();
                case SUBSCRIPTIONS -> quota.subscriptions();
            };
        }
    }

    /**
     * @param otherwise where the rules say nothing else
     */
    Quotas(Permissions permissions, Quota otherwise, LongSupplier nanos) {
        this.permissions = permissions;
        this.otherwise = otherwise;
        this.nanos = nanos;
    }

    Quota of(Principal principal) {
        return permissions.quota(principal.name(), otherwise);
    }

    /** Counts one more, to be given back once, unless that goes beyond the quota: then tells so. */
    @Nullable
    LevadaException take(Kind kind, Principal principal) {
        int most = kind.most(of(principal));
        AtomicReference<@Nullable LevadaException> refused = new AtomicReference<>();
        open.compute(principal.name(), (name, counted) -> {
            Map<Kind, Integer> counts = counted == null ? new EnumMap<>(Kind.class) : counted;
            if (counts.getOrDefault(kind, 0) >= most) {
                refused.set(new LevadaException(
                        ErrorCode.THROTTLED,
                        name + " has " + most + " " + kind.spelled + " open, which is its quota; end some first"));
            } else {
                counts.merge(kind, 1, Integer::sum);
            }
            return counts.isEmpty() ? null : counts;
        });
        return refused.get();
    }

    void give(Kind kind, Principal principal) {
        open.computeIfPresent(principal.name(), (name, counts) -> {
            counts.computeIfPresent(kind, (same, count) -> count == 1 ? null : count - 1);
            return counts.isEmpty() ? null : counts;
        });
    }

    /** The rate that one more writer of a principal goes by, until {@link #writerEnded}. */
    PublishRate writerBegins(Principal principal) {
        AtomicReference<@Nullable PublishRate> rate = new AtomicReference<>();
        long perSecond = of(principal).publishBytesPerSecond();
        writers.compute(principal.name(), (name, known) -> {
            Writers its = known == null ? new Writers(new PublishRate(perSecond, nanos, Schedulers.parallel())) : known;
            its.count++;
            rate.set(its.rate);
            return its;
        });
        return Objects.requireNonNull(rate.get());
    }

    void writerEnded(Principal principal) {
        writers.computeIfPresent(principal.name(), (name, its) -> {
            its.count--;
            return its;
        });
    }

    /** Has rates follow the rules, and forgets those that nobody goes by and nothing is owed of. */
    void sweep() {
        for (String principal : writers.keySet()) {
            long perSecond = permissions.quota(principal, otherwise).publishBytesPerSecond();
            writers.computeIfPresent(principal, (name, its) -> {
                its.rate.perSecond(perSecond);
                return its.count == 0 && its.rate.isFull() ? null : its;
            });
        }
    }

    /** Principals of which something is known. */
    int principals() {
        return open.size() + writers.size();
    }
}
