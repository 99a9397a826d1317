@NullMarked
package io.levada.sdk;

import org.jspecify.annotations.NullMarked;
