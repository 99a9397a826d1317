/**
 * For tests of engines: what every address has to do, as interfaces of tests. Start at {@link
 * io.levada.testkit.contract.LevadaContract}.
 */
@NullMarked
package io.levada.testkit.contract;

import org.jspecify.annotations.NullMarked;
