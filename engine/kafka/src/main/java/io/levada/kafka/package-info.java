/** The engine on a Kafka cluster, for more than one machine. */
@NullMarked
package io.levada.kafka;

import org.jspecify.annotations.NullMarked;
