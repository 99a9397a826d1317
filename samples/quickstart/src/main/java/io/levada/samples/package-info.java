/** Programs to read and to start from; each runs alone. */
@NullMarked
package io.levada.samples;

import org.jspecify.annotations.NullMarked;
