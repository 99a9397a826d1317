/** A worker that runs connectors of Kafka Connect, unmodified, against a log; its own program. */
@NullMarked
package io.levada.connect;

import org.jspecify.annotations.NullMarked;
