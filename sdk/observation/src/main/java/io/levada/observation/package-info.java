/**
 * Publishing and processing as observations of <a href="https://docs.micrometer.io/micrometer/reference/observation.html">
 * Micrometer</a>, which become spans where its tracing is set up: the trace that a record was published in travels in the
 * record's headers, and what is done with it later, elsewhere, is part of that trace. Names and attributes are those of
 * <a href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/">OpenTelemetry's conventions for
 * messaging</a>.
 */
@NullMarked
package io.levada.observation;

import org.jspecify.annotations.NullMarked;
