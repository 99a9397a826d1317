package io.levada.rest;

import io.levada.facade.Engine;

/**
 * Who asks, and the log as far as it is open to them.
 *
 * @param name of the principal; what one has begun no other goes on with
 * @param engine does nothing that they may not
 */
public record Caller(String name, Engine engine) {}
