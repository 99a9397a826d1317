@NullMarked
package io.levada.cli;

import org.jspecify.annotations.NullMarked;
