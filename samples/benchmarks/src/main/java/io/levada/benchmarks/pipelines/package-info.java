/** From one database to another through connectors: Levada and its worker beside Kafka and Kafka Connect, with the same plugins. */
@NullMarked
package io.levada.benchmarks.pipelines;

import org.jspecify.annotations.NullMarked;
