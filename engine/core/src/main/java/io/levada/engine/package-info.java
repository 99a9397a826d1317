/**
 * The embedded engine: a log on disk or in memory, its deliveries and its groups, wired in this process. Start at
 * {@link io.levada.engine.EmbeddedEngine}.
 */
@NullMarked
package io.levada.engine;

import org.jspecify.annotations.NullMarked;
