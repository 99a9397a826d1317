package io.levada.access;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** How much each principal has open, over all its connections, held against what it may. Safe for any thread. */
final class Quotas {
    private final Permissions permissions;
    private final Quota otherwise;
    private final ConcurrentHashMap<String, Map<Kind, Integer>> open = new ConcurrentHashMap<>();

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
    Quotas(Permissions permissions, Quota otherwise) {
        this.permissions = permissions;
        this.otherwise = otherwise;
    }

    Quota of(Principal principal) {
        return permissions.quota(principal, otherwise);
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

    /** Principals that have something open. */
    int principals() {
        return open.size();
    }
}
