/**
 * Disk, clock, randomness and scheduler behind small interfaces, each real and simulated, so that a whole engine runs
 * on a simulated disk in virtual time from one seed. Start at {@link io.levada.env.Env}.
 */
@NullMarked
package io.levada.env;

import org.jspecify.annotations.NullMarked;
