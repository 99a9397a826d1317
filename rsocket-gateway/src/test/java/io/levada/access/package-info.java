@NullMarked
package io.levada.access;

import org.jspecify.annotations.NullMarked;
