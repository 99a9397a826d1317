/**
 * For tests of applications: a log in memory with a clock of its own and faults to be asked for, and subscribers whose
 * demand is a script. Start at {@link io.levada.testkit.TestLevada}.
 */
@NullMarked
package io.levada.testkit;

import org.jspecify.annotations.NullMarked;
