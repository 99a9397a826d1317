package io.levada;

import org.jspecify.annotations.Nullable;

/**
 * Turns values of a type into bytes and back; null stands for an absent key or value. Implementations are stateless and
 * thread-safe, and fail with {@link ErrorCode#INVALID_REQUEST} (encoding) or {@link ErrorCode#CORRUPT_MESSAGE} (decoding).
 */
public interface Codec<T> {
    byte @Nullable [] encode(@Nullable T value);

    @Nullable
    T decode(byte @Nullable [] bytes);
}
