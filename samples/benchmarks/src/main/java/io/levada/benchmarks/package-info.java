/** Programs that measure Levada beside what the machine can do at best. */
@NullMarked
package io.levada.benchmarks;

import org.jspecify.annotations.NullMarked;
