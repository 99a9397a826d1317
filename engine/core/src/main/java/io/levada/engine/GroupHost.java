package io.levada.engine;

import io.levada.Position;
import io.levada.delivery.Delivery;
import io.levada.env.Env;
import java.util.SortedMap;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What the group runtime stands on. Safe for any thread. */
interface GroupHost {
    Env env();

    /** Where members' readers come from: {@link Delivery#subscribe} with the partitions that a member owns. */
    Delivery delivery();

    /** A topic that is served now, internal ones too. */
    @Nullable
    OpenTopic topic(String name);

    /** An internal topic, made if missing; blocks on the disk. */
    OpenTopic internalTopic(String name, int partitions);

    /**
     * Where in a partition a position is: the first offset to be read. A token of another log or topic fails with
     * LOG_CHANGED, an offset that is not kept with OFFSET_OUT_OF_RANGE, and {@link Position.Committed} is the earliest.
     */
    CompletionStage<Long> offsetOf(OpenTopic topic, int partition, Position position);

    /** The same of one partition or of all, as {@link io.levada.delivery.Positions#offsetsOf}. */
    CompletionStage<SortedMap<Integer, Long>> offsetsOf(OpenTopic topic, @Nullable Integer only, Position position);
}
