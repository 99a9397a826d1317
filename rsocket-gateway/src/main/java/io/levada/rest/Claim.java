package io.levada.rest;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

/** Records that are out to somebody, until the lease ends or they are acknowledged. Its group's own. */
final class Claim {
    final String id;
    final String owner;
    final List<HeldPartition.Held> records;

    /** The end of its lease. */
    Deadlines.@Nullable Deadline expiry;

    /** A partition of it has gone. */
    boolean stale;

    /** It was acknowledged, which is not durable yet. */
    boolean acking;

    /** Those who wait for that. */
    final List<MonoSink<Void>> answers = new ArrayList<>();

    Claim(String id, String owner, List<HeldPartition.Held> records) {
        this.id = id;
        this.owner = owner;
        this.records = records;
    }

    boolean isOf(HeldPartition partition) {
        return records.stream().anyMatch(one -> one.of == partition);
    }
}
