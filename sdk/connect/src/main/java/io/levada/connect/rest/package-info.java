/**
 * Kafka Connect's REST API over the JDK's own HTTP server, so that Connect's tools work with a worker of ours. Paths,
 * statuses and bodies are those of Kafka Connect 4.3; what a client got wrong is 400 here also where Kafka says 500.
 * Start at {@link io.levada.connect.rest.RestServer}, then {@code Routes}.
 */
@NullMarked
package io.levada.connect.rest;

import org.jspecify.annotations.NullMarked;
