@NullMarked
package io.levada.main;

import org.jspecify.annotations.NullMarked;
