package io.levada.facade;

import io.levada.LevadaException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What a {@link BatchSink} was told, waiting for its turn. */
sealed interface BatchEvent {
    record Batch(int handle, int records, ByteBuf buffer) implements BatchEvent {}

    record Gap(int handle, long from, long to) implements BatchEvent {}

    record Dropped(int handle, long from, long to) implements BatchEvent {}

    record Passed(int handle, long offset) implements BatchEvent {}

    record PartitionEnd(int handle, @Nullable LevadaException error) implements BatchEvent {}

    record Complete() implements BatchEvent {}

    record Failed(Throwable error) implements BatchEvent {}
}
