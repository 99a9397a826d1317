package io.levada.log;

import io.levada.LevadaException;
import org.jspecify.annotations.Nullable;

/** Hears what became of one append, once, on the partition's loop; must not block. */
@FunctionalInterface
public interface AppendListener {
    /**
     * Says what became of the append.
     *
     * @param baseOffset the offset of the batch's first record, when it is durable; -1 when it failed
     * @param error why it failed
     */
    void appended(long baseOffset, @Nullable LevadaException error);
}
