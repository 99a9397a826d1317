/**
 * Records and gateway messages as bytes: the record batch that is stored and sent, the messages of the channels, and the
 * limits of both. Start at {@link io.levada.protocol.RecordBatch} and {@link io.levada.protocol.Message}.
 */
@NullMarked
package io.levada.protocol;

import org.jspecify.annotations.NullMarked;
