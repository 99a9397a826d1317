/** What every test class must pass beside its own tests; found by JUnit itself. See {@link io.levada.testgate.TestGate}. */
@NullMarked
package io.levada.testgate;

import org.jspecify.annotations.NullMarked;
