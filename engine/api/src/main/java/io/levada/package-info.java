/**
 * The facade: everything an application sees of Levada, whatever engine stands behind it. Start at {@link
 * io.levada.Levada}, which opens an address and leads to topics, streams and groups.
 */
@NullMarked
package io.levada;

import org.jspecify.annotations.NullMarked;
