/**
 * For tests of applications and engines: the contract of the facade, to be run against any address, and subscribers
 * whose demand is a script. Start at {@link io.levada.testkit.LevadaContract} or {@link io.levada.testkit.Probe}.
 */
@NullMarked
package io.levada.testkit;

import org.jspecify.annotations.NullMarked;
